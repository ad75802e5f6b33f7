/// What somebody typed into a search: words, and phrases in quotation marks.
struct SearchQuery: Sendable, Equatable {
    /// The words of each term, in order; a term of several words is a phrase.
    let parts: [[Substring]]

    init(_ text: String) {
        var parts: [[Substring]] = []
        for (position, piece) in text.split(separator: "\"", omittingEmptySubsequences: false).enumerated() {
            let isQuoted = position % 2 == 1
            let words = piece.split { $0.isWhitespace }
            if isQuoted {
                let phrase = words.flatMap(Self.words)
                if !phrase.isEmpty { parts.append(phrase) }
            } else {
                // "and/or" is typed as one word and stands in the index as two, side by side.
                parts += words.map(Self.words).filter { !$0.isEmpty }
            }
        }
        self.parts = parts
    }

    /// For `to_tsquery`: every term quoted, all required. `nil` when nothing is left to look for.
    var terms: String? {
        parts.isEmpty ? nil : parts.map { "'" + $0.joined(separator: " ") + "'" }.joined(separator: " & ")
    }

    /// Letters, digits and what belongs to them; everything else parts words, quotes and backslashes above all.
    private static func words(_ text: Substring) -> [Substring] {
        text.split { character in
            !character.unicodeScalars.contains {
                $0.properties.isAlphabetic || $0.properties.numericType != nil
                    || $0.properties.generalCategory == .nonspacingMark
            }
        }
    }
}
