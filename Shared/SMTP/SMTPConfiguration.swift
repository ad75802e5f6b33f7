private import FoundationEssentials

/// Where mail goes, from `smtp[s]://user:pass@host:port/client-name?tls=…&ca=…`.
public struct SMTPConfiguration: Sendable, Equatable {
    /// How the connection is protected.
    public enum Security: String, Sendable {
        /// Nothing, even if the server offers more.
        case never
        /// STARTTLS when offered. As anybody on the way can take the offer out, the certificate is not judged either:
        /// this keeps out listeners, not forgers. The default of `smtp:`.
        case offered
        /// STARTTLS with a valid certificate, or no mail.
        case required
        /// TLS from the first octet with a valid certificate: `smtps:`.
        case implicit
    }

    public var host: String
    public var port: Int
    public var user: String?
    public var password: String?
    public var security: Security
    /// What the client calls itself; libcurl takes the machine's name when absent.
    public var clientName: String?
    /// A PEM file of authorities to trust besides none: it replaces the system's.
    public var authorities: String?
    /// Until the server has greeted, the TLS handshake and sign-in included.
    public var connectTimeout: Duration = .seconds(10)
    /// One mail, from the first step to the server's answer to the final dot.
    public var deadline: Duration = .seconds(60)
    /// A connection unused for longer is closed rather than used again.
    public var idleLimit: Duration = .seconds(30)

    public struct Malformed: Error, CustomStringConvertible {
        public let description: String
    }

    /// Reads `smtp://` (port 587 with a user, else 25) and `smtps://` (port 465). User and password are percent-encoded.
    /// `tls=required|offered|never` chooses the protection of `smtp:`, `ca=` the file of trusted authorities.
    public init(url: String) throws(Malformed) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty,
            let scheme = parts.scheme?.lowercased(), scheme == "smtp" || scheme == "smtps"
        else { throw Malformed(description: "is not of the form smtp[s]://user:pass@host:port") }
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        user = parts.user.flatMap { $0.isEmpty ? nil : $0 }
        password = parts.password
        port = parts.port ?? (scheme == "smtps" ? 465 : user == nil ? 25 : 587)
        guard 1...65535 ~= port else { throw Malformed(description: "names a port that does not exist") }
        let name = String(parts.path.drop { $0 == "/" })
        clientName = name.isEmpty ? nil : name
        security = scheme == "smtps" ? .implicit : .offered
        for item in parts.queryItems ?? [] {
            switch (item.name, item.value) {
            case ("tls", let value?):
                guard let chosen = Security(rawValue: value), chosen != .implicit, scheme == "smtp" else {
                    throw Malformed(description: "has tls=\(value); smtp: takes required, offered or never")
                }
                security = chosen
            case ("ca", let value?): authorities = value
            default: throw Malformed(description: "has a parameter that is not known: \(item.name)")
            }
        }
        guard [self.host, user ?? "", password ?? ""].allSatisfy(Self.isOneLine) else {
            throw Malformed(description: "holds a control character")
        }
        guard name.unicodeScalars.allSatisfy({ $0.isASCIIAlphanumeric || ".-[]:".unicodeScalars.contains($0) }) else {
            throw Malformed(description: "has a path that is no name for the client")
        }
    }

    private static func isOneLine(_ text: String) -> Bool {
        text.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }
    }

    /// The address without credentials, for logs.
    public var endpoint: String { "\(host):\(port)" }

    /// What libcurl is told.
    var transferURL: String {
        let host = host.contains(":") ? "[\(host)]" : host
        return "\(security == .implicit ? "smtps" : "smtp")://\(host):\(port)/\(clientName ?? "")"
    }
}
