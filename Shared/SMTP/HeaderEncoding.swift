private import FoundationEssentials

/// How text in any language becomes header lines: RFC 5322 folding and RFC 2047 encoded words.
///
/// Whatever goes in, what comes out is ASCII without a bare line break: a value cannot start a header of its own.
enum HeaderEncoding {
    /// RFC 2047: a line holding an encoded word has at most 76 characters.
    static let lineLimit = 76

    /// A line `name: value` of free text, folded, without the final CRLF.
    static func unstructured(_ name: String, _ value: String) -> String {
        let value = flattened(value)
        if isPlain(value) { return fold("\(name): \(value)") }
        return "\(name): " + encodedWords(value, firstOffset: name.utf8.count + 2).joined(separator: "\r\n ")
    }

    /// A line `name: Display Name <address>`, without the final CRLF.
    static func mailbox(_ name: String, _ mailbox: Mailbox) -> String {
        let address = "<\(mailbox.address)>"
        let display = flattened(mailbox.name ?? "").trimmed
        if display.isEmpty { return "\(name): \(mailbox.address)" }
        let words: [String]
        if isPlain(display), display.utf8.count <= 50 {
            let isAtoms = display.unicodeScalars.allSatisfy { $0 == " " || ($0.isASCII && $0.isAtomText) }
            words = [isAtoms ? display : quoted(display)]
        } else {
            words = encodedWords(display, firstOffset: name.utf8.count + 2)
        }
        var lines = words
        lines[0] = "\(name): \(lines[0])"
        if lines[lines.count - 1].utf8.count + 2 + address.utf8.count <= lineLimit {
            lines[lines.count - 1] += " \(address)"
        } else {
            lines.append(address)
        }
        return lines.joined(separator: "\r\n ")
    }

    /// Controls become blanks: neither a line break nor a NUL has a place in a name or a subject.
    static func flattened(_ text: String) -> String {
        var scalars = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            switch scalar.properties.generalCategory {
            case .control, .lineSeparator, .paragraphSeparator: scalars.append(" ")
            default: scalars.append(scalar)
            }
        }
        return String(scalars)
    }

    /// Whether `text` may stand as it is: printable ASCII that folding keeps and no reader takes for an encoded word.
    private static func isPlain(_ text: String) -> Bool {
        text.utf8.allSatisfy { 0x20...0x7E ~= $0 }
            && !text.contains("=?") && !text.contains("  ") && !text.hasPrefix(" ") && !text.hasSuffix(" ")
            && text.split(separator: " ").allSatisfy { $0.utf8.count <= 50 }
    }

    private static func quoted(_ text: String) -> String {
        "\"" + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"") + "\""
    }

    /// Breaks before blanks, so that no line has more than `lineLimit` characters where words allow it.
    private static func fold(_ line: String) -> String {
        var lines: [String] = []
        var current = ""
        for word in line.split(separator: " ") {
            if current.isEmpty {
                current = String(word)
            } else if current.utf8.count + 1 + word.utf8.count <= lineLimit - (lines.isEmpty ? 0 : 1) {
                current += " \(word)"
            } else {
                lines.append(current)
                current = String(word)
            }
        }
        lines.append(current)
        return lines.joined(separator: "\r\n ")
    }

    /// Base64 encoded words, cut between what a reader sees as characters, each to stand on a line of its own.
    private static func encodedWords(_ text: String, firstOffset: Int) -> [String] {
        let wrapping = "=?UTF-8?B??=".utf8.count
        func capacity(_ offset: Int) -> Int { (lineLimit - 1 - offset - wrapping) / 4 * 3 }
        var words: [String] = []
        var chunk: [UInt8] = []
        var room = capacity(firstOffset)
        func flush() {
            words.append("=?UTF-8?B?\(Data(chunk).base64EncodedString())?=")
            chunk.removeAll(keepingCapacity: true)
            room = capacity(1)
        }
        for piece in pieces(text) {
            if !chunk.isEmpty, chunk.count + piece.count > room { flush() }
            chunk += piece
        }
        if !chunk.isEmpty || words.isEmpty { flush() }
        return words
    }

    /// The octets of each character, the rare giants scalar by scalar. A blank stays with its neighbours, as some readers
    /// drop or double one at the edge of an encoded word.
    private static func pieces(_ text: String) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var joins = false
        for character in text {
            let whole = Array(character.utf8)
            let isBlank = character == " "
            if let last = pieces.last, joins || isBlank, last.count + whole.count <= 30 {
                pieces[pieces.count - 1] += whole
            } else if whole.count <= 30 {
                pieces.append(whole)
            } else {
                pieces += character.unicodeScalars.map { Array(String($0).utf8) }
            }
            joins = isBlank
        }
        return pieces
    }
}
