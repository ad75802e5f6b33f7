import Foundation
public import Identifiers

/// Collects what is wrong with a body, so that one answer names every wrong field.
public struct Validation {
    private var errors: [FieldError] = []

    public init() {}

    public mutating func fail(_ field: String, _ message: String) {
        errors.append(FieldError(field: field, message: message))
    }

    public mutating func require(_ condition: Bool, _ field: String, _ message: String) {
        if !condition { fail(field, message) }
    }

    /// Checks a text by the contract's rules and returns it trimmed; lengths count Unicode scalars after trimming.
    ///
    /// - Parameter multiline: allows newline and tab.
    @discardableResult
    public mutating func text(
        _ field: String, _ value: String, length: ClosedRange<Int>, multiline: Bool = false
    ) -> String {
        let trimmed = value.trimmingCharacters(in: .whitespacesAndNewlines)
        if TextRules.hasControlCharacters(value, allowingLines: multiline) {
            fail(field, "must not contain control characters")
        } else if trimmed.unicodeScalars.count < length.lowerBound {
            fail(
                field,
                length.lowerBound == 1 ? "must not be empty" : "must have at least \(length.lowerBound) characters")
        } else if trimmed.unicodeScalars.count > length.upperBound {
            fail(field, "must have at most \(length.upperBound) characters")
        }
        return trimmed
    }

    /// An e-mail address: one `@`, something on both sides, no spaces or control characters, at most 254 characters.
    @discardableResult
    public mutating func email(_ field: String, _ value: String) -> String {
        let trimmed = value.trimmingCharacters(in: .whitespaces)
        if !TextRules.isEmail(trimmed) { fail(field, "must be an e-mail address") }
        return trimmed
    }

    /// A moment that has not passed.
    public mutating func future(_ field: String, _ value: Timestamp?, now: Timestamp) {
        if let value, value <= now { fail(field, "must lie in the future") }
    }

    /// Throws 400 `invalid_input` with everything found.
    public func finish() throws {
        guard errors.isEmpty else { throw Problem.invalid(errors) }
    }
}

/// Rules for texts that people write.
public enum TextRules {
    /// C0 and C1 controls and DEL; newline and tab too, unless `allowingLines`.
    public static func hasControlCharacters(_ text: String, allowingLines: Bool) -> Bool {
        text.unicodeScalars.contains { scalar in
            if allowingLines, scalar == "\n" || scalar == "\t" { return false }
            return scalar.value < 0x20 || (0x7F...0x9F).contains(scalar.value)
        }
    }

    public static func isEmail(_ text: String) -> Bool {
        guard text.utf8.count <= 254, !hasControlCharacters(text, allowingLines: false),
            !text.contains(where: { $0.isWhitespace || "<>,;:\"()[]\\".contains($0) })
        else { return false }
        let parts = text.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, parts[0].utf8.count <= 64 else { return false }
        let labels = parts[1].split(separator: ".", omittingEmptySubsequences: false)
        return labels.count >= 2 && labels.allSatisfy { !$0.isEmpty && !$0.hasPrefix("-") && !$0.hasSuffix("-") }
    }
}
