/// Checks JSON byte by byte, without building anything but the list of an object's fields.
struct JSONScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The fields of the one object that the text must be.
    mutating func document() -> [(name: String, value: JSONObject.Value)]? {
        skipSpace()
        guard take("{") else { return nil }
        var fields: [(name: String, value: JSONObject.Value)] = []
        skipSpace()
        if !take("}") {
            repeat {
                skipSpace()
                let start = position
                guard string(), let name = Self.unescaped(bytes[(start + 1)..<(position - 1)]) else { return nil }
                skipSpace()
                guard take(":") else { return nil }
                skipSpace()
                let begin = position
                guard let kind = value(depth: 1) else { return nil }
                fields.append((name, .init(kind: kind, range: begin..<position)))
                skipSpace()
            } while take(",")
            guard take("}") else { return nil }
        }
        skipSpace()
        return position == bytes.count ? fields : nil
    }

    /// The values of a checked array that begins at `start`.
    static func elements(of bytes: [UInt8], from start: Int) -> [JSONObject.Value] {
        var scanner = JSONScanner(bytes)
        scanner.position = start + 1
        var values: [JSONObject.Value] = []
        scanner.skipSpace()
        if scanner.take("]") { return values }
        repeat {
            scanner.skipSpace()
            let begin = scanner.position
            guard let kind = scanner.value(depth: 1) else { break }
            values.append(.init(kind: kind, range: begin..<scanner.position))
            scanner.skipSpace()
        } while scanner.take(",")
        return values
    }

    private mutating func value(depth: Int) -> JSONObject.Kind? {
        guard depth < JSONObject.deepest, position < bytes.count else { return nil }
        switch bytes[position] {
        case UInt8(ascii: "\""): return string() ? .string : nil
        case UInt8(ascii: "{"): return members(depth: depth) ? .object : nil
        case UInt8(ascii: "["): return elements(depth: depth) ? .array : nil
        case UInt8(ascii: "t"): return word("true") ? .bool : nil
        case UInt8(ascii: "f"): return word("false") ? .bool : nil
        case UInt8(ascii: "n"): return word("null") ? .null : nil
        default: return number() ? .number : nil
        }
    }

    private mutating func members(depth: Int) -> Bool {
        position += 1
        skipSpace()
        if take("}") { return true }
        repeat {
            skipSpace()
            guard string() else { return false }
            skipSpace()
            guard take(":") else { return false }
            skipSpace()
            guard value(depth: depth + 1) != nil else { return false }
            skipSpace()
        } while take(",")
        return take("}")
    }

    private mutating func elements(depth: Int) -> Bool {
        position += 1
        skipSpace()
        if take("]") { return true }
        repeat {
            skipSpace()
            guard value(depth: depth + 1) != nil else { return false }
            skipSpace()
        } while take(",")
        return take("]")
    }

    private mutating func string() -> Bool {
        guard take("\"") else { return false }
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return true
            case UInt8(ascii: "\\"): guard escape() else { return false }
            case 0..<0x20: return false
            default: break
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        guard position < bytes.count else { return false }
        let byte = bytes[position]
        position += 1
        if byte == UInt8(ascii: "u") {
            guard position + 4 <= bytes.count, Self.hex(bytes[position..<(position + 4)]) != nil else { return false }
            position += 4
            return true
        }
        return Self.plain(byte) != nil
    }

    private mutating func number() -> Bool {
        _ = take("-")
        if !take("0") { guard digits() else { return false } }
        if take(".") { guard digits() else { return false } }
        if take("e") || take("E") {
            _ = take("+") || take("-")
            guard digits() else { return false }
        }
        return true
    }

    private mutating func digits() -> Bool {
        let start = position
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return position > start
    }

    private mutating func word(_ word: String) -> Bool {
        guard bytes[position...].starts(with: word.utf8) else { return false }
        position += word.utf8.count
        return true
    }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard position < bytes.count, bytes[position] == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }
}

extension JSONScanner {
    private static func plain(_ escape: UInt8) -> UInt8? {
        switch escape {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): escape
        case UInt8(ascii: "b"): 0x08
        case UInt8(ascii: "f"): 0x0C
        case UInt8(ascii: "n"): 0x0A
        case UInt8(ascii: "r"): 0x0D
        case UInt8(ascii: "t"): 0x09
        default: nil
        }
    }

    /// The text between the quotes of a checked string; `nil` where it has a lone surrogate.
    static func unescaped(_ bytes: ArraySlice<UInt8>) -> String? {
        guard bytes.contains(UInt8(ascii: "\\")) else { return String(decoding: bytes, as: UTF8.self) }
        var units: [UInt8] = []
        units.reserveCapacity(bytes.count)
        var rest = bytes
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "\\") else {
                units.append(byte)
                continue
            }
            guard let kind = rest.popFirst() else { return nil }
            if let plain = plain(kind) {
                units.append(plain)
            } else {
                guard let scalar = scalar(&rest) else { return nil }
                units.append(contentsOf: Array(String(scalar).utf8))
            }
        }
        return String(decoding: units, as: UTF8.self)
    }

    private static func scalar(_ rest: inout ArraySlice<UInt8>) -> Unicode.Scalar? {
        guard let first = hex(rest.prefix(4)) else { return nil }
        rest = rest.dropFirst(4)
        guard (0xD800..<0xDC00).contains(first) else { return Unicode.Scalar(first) }
        guard rest.starts(with: [UInt8(ascii: "\\"), UInt8(ascii: "u")]), let second = hex(rest.dropFirst(2).prefix(4)),
            (0xDC00..<0xE000).contains(second)
        else { return nil }
        rest = rest.dropFirst(6)
        return Unicode.Scalar(0x10000 + ((first - 0xD800) << 10) + (second - 0xDC00))
    }

    private static func hex(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard digits.count == 4 else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = value << 4 | UInt32(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = value << 4 | UInt32(digit - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = value << 4 | UInt32(digit - UInt8(ascii: "A") + 10)
            default: return nil
            }
        }
        return value
    }
}
