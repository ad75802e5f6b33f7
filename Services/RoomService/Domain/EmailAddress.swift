/// An e-mail address somebody typed. Two are the same when they differ in letter case only.
struct EmailAddress: Equatable, Sendable {
    let text: String
    var key: String { TextRules.key(text) }

    /// Takes what a mail server could take: one `@` with words between dots before it and a dotted name of letters, digits
    /// and inner hyphens behind it, in any script, without spaces, control characters or anything that would mean something
    /// in a mail header.
    init?(_ input: String) {
        let trimmed = TextRules.trim(input)
        guard (3...254).contains(trimmed.unicodeScalars.count) else { return nil }
        let isRefused: (Unicode.Scalar) -> Bool = {
            TextRules.isControl($0) || $0.properties.isWhitespace || "<>(),;:\\\"[]".unicodeScalars.contains($0)
        }
        guard !trimmed.unicodeScalars.contains(where: isRefused) else { return nil }
        let parts = trimmed.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].unicodeScalars.count) else { return nil }
        guard parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy({ !$0.isEmpty }) else {
            return nil
        }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy(Self.isLabel) else { return nil }
        text = trimmed
    }

    private static func isLabel(_ text: Substring) -> Bool {
        guard (1...63).contains(text.unicodeScalars.count), !text.hasPrefix("-"), !text.hasSuffix("-") else {
            return false
        }
        return text.utf8.allSatisfy {
            $0 >= 0x80 || $0 == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0 | 0x20)
        }
    }

    static func read(_ input: String, field: String) throws(Refusal) -> EmailAddress {
        guard let address = EmailAddress(input) else {
            throw .invalid([FieldFault(field: field, message: "must be an e-mail address")])
        }
        return address
    }
}
