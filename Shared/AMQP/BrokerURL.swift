/// The parts of an AMQP URL, where the host may be a list.
struct BrokerURL: Equatable {
    var usesTLS = false
    var user = "guest"
    var password = "guest"
    var hosts: [AMQPConfiguration.Host] = []
    var virtualHost = "/"
    var certificateAuthorities: String?

    init(_ url: String) throws(AMQPError) {
        var rest: Substring
        if url.hasPrefix("amqp://") {
            rest = url.dropFirst(7)
        } else if url.hasPrefix("amqps://") {
            rest = url.dropFirst(8)
            usesTLS = true
        } else {
            throw .invalid("broker URL must start with amqp:// or amqps://")
        }
        if let query = rest.firstIndex(of: "?") {
            for field in rest[query...].dropFirst().split(separator: "&") where field.hasPrefix("cacertfile=") {
                certificateAuthorities = try Self.decoded(field.dropFirst("cacertfile=".count), "cacertfile")
            }
            rest = rest[..<query]
        }
        if let slash = rest.firstIndex(of: "/") {
            let path = rest[rest.index(after: slash)...]
            if !path.isEmpty { virtualHost = try Self.decoded(path, "vhost") }
            rest = rest[..<slash]
        }
        if let at = rest.lastIndex(of: "@") {
            let credentials = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
            user = try Self.decoded(credentials[0], "user")
            if credentials.count == 2 { password = try Self.decoded(credentials[1], "password") }
            rest = rest[rest.index(after: at)...]
        }
        for part in rest.split(separator: ",") { hosts.append(try Self.host(part, defaultPort: usesTLS ? 5671 : 5672)) }
        if hosts.isEmpty { throw .invalid("broker URL names no host") }
    }

    private static func host(_ text: Substring, defaultPort: Int) throws(AMQPError) -> AMQPConfiguration.Host {
        var name = text
        var port = defaultPort
        // A colon inside brackets belongs to an IPv6 address.
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            guard let number = Int(text[text.index(after: colon)...]), (1...65535).contains(number) else {
                throw .invalid("broker URL has a bad port")
            }
            name = text[..<colon]
            port = number
        }
        if name.hasPrefix("["), name.hasSuffix("]") { name = name.dropFirst().dropLast() }
        if name.isEmpty { throw .invalid("broker URL names no host") }
        return .init(name: String(name), port: port)
    }

    private static func decoded(_ text: Substring, _ part: String) throws(AMQPError) -> String {
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard let digits = String(rest.prefix(2)), digits.count == 2, let value = UInt8(digits, radix: 16) else {
                throw .invalid("broker URL has a bad percent escape in its \(part)")
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        guard let string = String(validating: bytes, as: UTF8.self) else {
            throw .invalid("broker URL's \(part) is not UTF-8")
        }
        return string
    }
}
