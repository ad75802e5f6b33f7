import Foundation

/// The JSON of HTTP bodies and socket frames: camelCase, slashes as they are, no whitespace.
public enum WireJSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        return Array(try encoder.encode(value))
    }

    public static func decode<T: Decodable>(_ type: T.Type = T.self, from bytes: some Sequence<UInt8>) throws -> T {
        try JSONDecoder().decode(type, from: Data(bytes))
    }
}

/// The JSON of the broker: the same objects with snake_case names at every depth.
public enum SnakeJSON {
    public static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .withoutEscapingSlashes
        encoder.userInfo[.isSnakeCase] = true
        encoder.keyEncodingStrategy = .custom { path in
            FieldName(SnakeCase.from(camel: path[path.count - 1].stringValue))
        }
        return Array(try encoder.encode(value))
    }

    public static func decode<T: Decodable>(_ type: T.Type = T.self, from bytes: some Sequence<UInt8>) throws -> T {
        let decoder = JSONDecoder()
        decoder.userInfo[.isSnakeCase] = true
        decoder.keyDecodingStrategy = .custom { path in FieldName(SnakeCase.toCamel(path[path.count - 1].stringValue)) }
        return try decoder.decode(type, from: Data(bytes))
    }
}

extension CodingUserInfoKey {
    /// Strategies for keys pass over dictionaries, whose keys may be data. Those of ``JSONValue`` are names.
    static let isSnakeCase = CodingUserInfoKey(rawValue: "isSnakeCase")!
}

/// A field name that is known only when it is read.
struct FieldName: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }

    init(_ name: String) { stringValue = name }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
}

/// `currentDJId` ↔ `current_dj_id`. Runs of capitals are one word.
enum SnakeCase {
    static func from(camel name: String) -> String {
        var result: [UInt8] = []
        let bytes = Array(name.utf8)
        for (position, byte) in bytes.enumerated() {
            guard isUpper(byte) else {
                result.append(byte)
                continue
            }
            let afterLower = position > 0 && !isUpper(bytes[position - 1])
            let beforeLower = position > 0 && position + 1 < bytes.count && !isUpper(bytes[position + 1])
            if afterLower || beforeLower { result.append(UInt8(ascii: "_")) }
            result.append(byte + 32)
        }
        return String(decoding: result, as: UTF8.self)
    }

    static func toCamel(_ name: String) -> String {
        if let irregular = irregular[name] { return irregular }
        var result: [UInt8] = []
        var capitalizeNext = false
        for byte in name.utf8 {
            if byte == UInt8(ascii: "_") {
                capitalizeNext = true
            } else if capitalizeNext, (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                result.append(byte - 32)
                capitalizeNext = false
            } else {
                result.append(byte)
                capitalizeNext = false
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// Names whose capitals the snake form does not keep.
    private static let irregular = ["current_dj_id": "currentDJId"]

    private static func isUpper(_ byte: UInt8) -> Bool { (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) }
}
