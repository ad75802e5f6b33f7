/// Reactions take exactly one grapheme, and it must be an emoji.
enum Emoji {
    static func isEmoji(_ text: String) -> Bool {
        guard text.count == 1, let character = text.first, text.unicodeScalars.count <= 16 else { return false }
        let scalars = character.unicodeScalars
        guard let first = scalars.first, first.properties.isEmoji else { return false }
        // Digits, # and * are emoji to Unicode; they look like one only as a keycap.
        if first.isASCII { return scalars.contains("\u{20E3}") }
        // ™ and ☎ are text until a selector or another scalar of the cluster says otherwise.
        return first.properties.isEmojiPresentation
            || scalars.dropFirst().contains { $0 == "\u{FE0F}" || $0 == "\u{200D}" || $0.properties.isEmojiModifier }
            || (first.value >= 0x2190 && !scalars.contains("\u{FE0E}"))
    }
}
