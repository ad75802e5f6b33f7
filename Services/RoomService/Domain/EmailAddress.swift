/// An e-mail address somebody typed. Two are the same when they differ in letter case only.
struct EmailAddress: Equatable, Sendable {
    let text: String
    var key: String { TextRules.key(text) }

    /// Takes what a mail server could take: one `@` with something before it and a dotted name behind it,
    /// without spaces, control characters or anything that would mean something in a mail header.
    init?(_ input: String) {
        let trimmed = TextRules.trim(input)
        guard (3...254).contains(trimmed.unicodeScalars.count) else { return nil }
        let isRefused: (Unicode.Scalar) -> Bool = {
            TextRules.isControl($0) || $0.properties.isWhitespace || "<>(),;:\\\"[]".unicodeScalars.contains($0)
        }
        guard !trimmed.unicodeScalars.contains(where: isRefused) else { return nil }
        let parts = trimmed.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, (1...64).contains(parts[0].unicodeScalars.count) else { return nil }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        guard labels.count >= 2, labels.allSatisfy({ (1...63).contains($0.unicodeScalars.count) }) else { return nil }
        text = trimmed
    }

    static func read(_ input: String, field: String) throws(Refusal) -> EmailAddress {
        guard let address = EmailAddress(input) else {
            throw .invalid([FieldFault(field: field, message: "must be an e-mail address")])
        }
        return address
    }
}
