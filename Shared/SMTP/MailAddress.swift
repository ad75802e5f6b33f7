/// An e-mail address that is safe to put into an SMTP command and into a header.
///
/// Accepted are `dot-atom@domain` and `dot-atom@[literal]`, in any script. Quoted local parts, comments, blanks and
/// control characters are refused: nothing of this type can end a command or a header line.
public struct MailAddress: Sendable, Hashable, CustomStringConvertible {
    public let local: String
    public let domain: String

    /// The address as `local@domain`.
    public var description: String { "\(local)@\(domain)" }

    /// Whether the address needs SMTPUTF8 (RFC 6531).
    public var isInternational: Bool { !description.utf8.allSatisfy { $0 < 0x80 } }

    /// `nil` for what is no address, or longer than RFC 5321 allows (64 octets before the `@`, 254 in all).
    public init?(_ text: some StringProtocol) {
        guard let at = text.lastIndex(of: "@"), text.utf8.count <= 254 else { return nil }
        let local = text[..<at]
        let domain = text[text.index(after: at)...]
        guard local.utf8.count <= 64, Self.isDotAtom(local), Self.isDomain(domain) else { return nil }
        self.local = String(local)
        self.domain = String(domain)
    }

    private static func isDotAtom(_ text: some StringProtocol) -> Bool {
        !text.isEmpty
            && text.split(separator: ".", omittingEmptySubsequences: false)
                .allSatisfy { !$0.isEmpty && $0.unicodeScalars.allSatisfy(\.isAtomText) }
    }

    private static func isDomain(_ text: some StringProtocol) -> Bool {
        if text.hasPrefix("["), text.hasSuffix("]") {
            let inside = text.dropFirst().dropLast().unicodeScalars
            return !inside.isEmpty
                && inside.allSatisfy { $0.isASCIIAlphanumeric || $0 == "." || $0 == ":" || $0 == "-" }
        }
        return !text.isEmpty
            && text.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                !label.isEmpty && !label.hasPrefix("-") && !label.hasSuffix("-")
                    && label.unicodeScalars.allSatisfy { $0.isASCIIAlphanumeric || $0 == "-" || $0.isInternationalText }
            }
    }
}

/// Who a mail is from or to: an address, with a name in any language.
public struct Mailbox: Sendable, Hashable {
    public var name: String?
    public var address: MailAddress

    public init(name: String? = nil, address: MailAddress) {
        self.name = name
        self.address = address
    }

    /// Reads `Name <address>`, `"Name" <address>` or a bare address, as settings such as `MAIL_FROM` have it.
    public init?(_ text: String) {
        let text = text.trimmed
        guard text.hasSuffix(">"), let open = text.lastIndex(of: "<") else {
            guard let address = MailAddress(text) else { return nil }
            self.init(address: address)
            return
        }
        guard let address = MailAddress(text[text.index(after: open)...].dropLast()) else { return nil }
        var name = String(text[..<open]).trimmed
        if name.count >= 2, name.hasPrefix("\""), name.hasSuffix("\"") {
            name = String(name.dropFirst().dropLast()).unescapedQuotes
        }
        self.init(name: name.isEmpty ? nil : name, address: address)
    }
}

extension Unicode.Scalar {
    var isASCIIAlphanumeric: Bool {
        switch self {
        case "a"..."z", "A"..."Z", "0"..."9": true
        default: false
        }
    }

    /// RFC 5322's `atext`, widened by RFC 6532.
    var isAtomText: Bool {
        switch self {
        case "!", "#", "$", "%", "&", "'", "*", "+", "-", "/", "=", "?", "^", "_", "`", "{", "|", "}", "~": true
        default: isASCIIAlphanumeric || isInternationalText
        }
    }

    /// Beyond ASCII, and neither a control, a separator nor something invisible that could mislead a reader.
    var isInternationalText: Bool {
        guard value >= 0xA1 else { return false }
        switch properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .privateUse,
            .unassigned:
            return false
        default: return true
        }
    }
}

extension String {
    var trimmed: String {
        String(drop { $0.isWhitespace }.reversed().drop { $0.isWhitespace }.reversed())
    }

    fileprivate var unescapedQuotes: String {
        var result = ""
        var escaped = false
        for character in self {
            if character == "\\", !escaped {
                escaped = true
            } else {
                result.append(character)
                escaped = false
            }
        }
        return result
    }
}
