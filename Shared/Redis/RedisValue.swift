/// A reply, copied out of the driver's memory.
public enum RedisValue: Sendable, Equatable {
    case null
    /// A bulk string: any bytes.
    case string([UInt8])
    /// A simple string such as `OK`.
    case status(String)
    case integer(Int)
    case array([RedisValue])
    /// An error inside an array, as `EXEC` and scripts give them. One on its own is thrown instead.
    case error(String)
}

extension RedisValue {
    /// A bulk or simple string as text; bytes that are no UTF-8 are replaced.
    public var string: String? {
        switch self {
        case .string(let bytes): String(decoding: bytes, as: UTF8.self)
        case .status(let text): text
        case .null, .integer, .array, .error: nil
        }
    }

    /// The bytes of a bulk string.
    public var bytes: [UInt8]? {
        if case .string(let bytes) = self { bytes } else { nil }
    }

    /// An integer, or a string that spells one.
    public var int: Int? {
        switch self {
        case .integer(let number): number
        case .string, .status: string.flatMap { Int($0) }
        case .null, .array, .error: nil
        }
    }

    /// A string that spells a number, as scores are given.
    public var double: Double? {
        if case .integer(let number) = self { return Double(number) }
        return string.flatMap { Double($0) }
    }

    public var array: [RedisValue]? {
        if case .array(let values) = self { values } else { nil }
    }

    public var isNull: Bool { self == .null }
}
