import Foundation

/// How large the parts of a message may be. A character is a Unicode scalar.
struct MessageLimits: Sendable, Equatable {
    var maxCharacters = 4000
    var maxClientIdCharacters = 64

    /// Why this is no content; `nil` when it is. It is counted after trimming, and never changed.
    func fault(inContent content: String) -> String? {
        let scalars = content.unicodeScalars
        let isBlank = { (scalar: Unicode.Scalar) in scalar.properties.isWhitespace }
        guard let first = scalars.firstIndex(where: { !isBlank($0) }),
            let last = scalars.lastIndex(where: { !isBlank($0) })
        else { return "must not be blank" }
        if scalars[first...last].count > maxCharacters { return "must have at most \(maxCharacters) characters" }
        // What is trimmed is stored all the same, so it is bounded too.
        if content.utf8.count > 8 * maxCharacters { return "has too much blank space" }
        let isRefused = { (scalar: Unicode.Scalar) in
            scalar.properties.generalCategory == .control && scalar != "\n" && scalar != "\t"
        }
        return scalars.contains(where: isRefused) ? "must not contain control characters" : nil
    }

    func fault(inClientMessageId id: String) -> String? {
        if id.isEmpty { return "must not be empty" }
        if id.unicodeScalars.count > maxClientIdCharacters {
            return "must have at most \(maxClientIdCharacters) characters"
        }
        let hasControl = id.unicodeScalars.contains { $0.properties.generalCategory == .control }
        return hasControl ? "must not contain control characters" : nil
    }
}
