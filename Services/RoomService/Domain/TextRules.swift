/// What texts people may write into rooms. A character is a Unicode scalar.
enum TextRules {
    /// The text without white space around it, or a fault when what is left is not 1…`limit` characters of one line.
    static func line(_ text: String, field: String, limit: Int, faults: inout Faults) -> String? {
        let trimmed = trim(text)
        guard (1...limit).contains(trimmed.unicodeScalars.count) else {
            faults.add(field, "must have 1 to \(limit) characters")
            return nil
        }
        guard !trimmed.unicodeScalars.contains(where: isControl) else {
            faults.add(field, "must not have control characters")
            return nil
        }
        return trimmed
    }

    /// A longer text, kept as given: newlines and tabs are welcome, other control characters are not.
    static func paragraph(
        _ text: String, field: String, range: ClosedRange<Int>, faults: inout Faults
    ) -> String? {
        guard range.contains(text.unicodeScalars.count), range.lowerBound == 0 || !trim(text).isEmpty else {
            faults.add(
                field,
                range.lowerBound == 0
                    ? "must have at most \(range.upperBound) characters"
                    : "must have \(range.lowerBound) to \(range.upperBound) characters")
            return nil
        }
        let isRefused: (Unicode.Scalar) -> Bool = { isControl($0) && $0 != "\n" && $0 != "\t" }
        guard !text.unicodeScalars.contains(where: isRefused) else {
            faults.add(field, "must not have control characters other than newline and tab")
            return nil
        }
        return text
    }

    static func isControl(_ scalar: Unicode.Scalar) -> Bool { scalar.properties.generalCategory == .control }

    static func trim(_ text: String) -> String {
        let scalars = text.unicodeScalars
        guard let first = scalars.firstIndex(where: { !$0.properties.isWhitespace }),
            let last = scalars.lastIndex(where: { !$0.properties.isWhitespace })
        else { return "" }
        return String(scalars[first...last])
    }

    /// How texts compare where letter case does not count.
    static func key(_ text: String) -> String { text.lowercased() }
}
