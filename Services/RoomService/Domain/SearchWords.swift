/// The words of a text, as discovery finds them: runs of letters and digits in lower case.
///
/// The service makes them, not the database: what counts as a letter must not depend on the server's locale.
enum SearchWords {
    /// No query needs more, and each costs.
    static let limit = 32

    static func words(of texts: String?...) -> [String] {
        var seen: Set<String> = []
        for text in texts {
            for word in (text ?? "").split(whereSeparator: { !$0.isLetter && !$0.isNumber }) {
                // An index entry has a size limit in the database; nobody types the rest of such a word.
                seen.insert(String(word.lowercased().unicodeScalars.prefix(64)))
            }
        }
        return seen.sorted()
    }

    /// A `tsquery` that asks for all the words; `nil` where there is no word to ask for.
    static func query(_ text: String) -> String? {
        let words = words(of: text).prefix(limit)
        return words.isEmpty ? nil : words.map { "'\($0)'" }.joined(separator: " & ")
    }
}
