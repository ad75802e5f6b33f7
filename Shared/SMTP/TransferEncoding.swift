private import FoundationEssentials

/// How a text part travels: RFC 2045's quoted-printable or base64, in lines of at most 76 characters.
enum TransferEncoding: String {
    case quotedPrintable = "quoted-printable"
    case base64

    /// Quoted-printable stays legible where most of the text is ASCII; base64 is shorter for everything else.
    static func fitting(_ text: String) -> TransferEncoding {
        let foreign = text.utf8.count { $0 >= 0x80 }
        return foreign * 4 > text.utf8.count ? .base64 : .quotedPrintable
    }

    /// The encoded text, every line ended by CRLF. Line breaks of any kind in `text` become CRLF first.
    func encode(_ text: String) -> String {
        let lines = text.replacing("\r\n", with: "\n").replacing("\r", with: "\n")
            .split(separator: "\n", omittingEmptySubsequences: false)
        switch self {
        case .quotedPrintable:
            return lines.map { Self.quotedPrintable(Array($0.utf8)) }.joined(separator: "\r\n") + "\r\n"
        case .base64:
            let encoded = Array(Data(lines.joined(separator: "\r\n").utf8).base64EncodedString().utf8)
            return stride(from: 0, to: encoded.count, by: 76)
                .map { String(decoding: encoded[$0..<min($0 + 76, encoded.count)], as: UTF8.self) + "\r\n" }
                .joined()
        }
    }

    private static func quotedPrintable(_ line: [UInt8]) -> String {
        var result: [UInt8] = []
        var column = 0
        for (index, byte) in line.enumerated() {
            let encoded = isLiteral(byte, at: index, of: line) ? [byte] : escaped(byte)
            // One column is kept for the soft line break's own `=`.
            if column + encoded.count > 75 {
                result += [UInt8(ascii: "="), 13, 10]
                column = 0
            }
            result += encoded
            column += encoded.count
        }
        return String(decoding: result, as: UTF8.self)
    }

    private static func isLiteral(_ byte: UInt8, at index: Int, of line: [UInt8]) -> Bool {
        switch byte {
        case UInt8(ascii: " "), 9: index != line.count - 1
        case UInt8(ascii: "="): false
        // A leading dot or `From ` is what careless relays and mailboxes change.
        case UInt8(ascii: "."): index != 0
        case UInt8(ascii: "F"): !(index == 0 && line.starts(with: "From ".utf8))
        case 33...126: true
        default: false
        }
    }

    private static func escaped(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789ABCDEF".utf8)
        return [UInt8(ascii: "="), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
