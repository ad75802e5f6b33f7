/// A field of an update: left out, cleared by `null`, or given.
public enum Patch<Value: Decodable & Sendable>: Sendable {
    case absent
    case null
    case value(Value)

    /// The field's value after the update.
    public func applied(to current: Value?) -> Value? {
        switch self {
        case .absent: current
        case .null: nil
        case .value(let value): value
        }
    }

    /// The given value, if there is one.
    public var given: Value? {
        if case .value(let value) = self { value } else { nil }
    }

    public var isAbsent: Bool {
        if case .absent = self { true } else { false }
    }
}

extension Patch: Equatable where Value: Equatable {}

extension Patch: Decodable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .null : .value(try container.decode(Value.self))
    }
}

extension KeyedDecodingContainer {
    public func decode<Value>(_ type: Patch<Value>.Type, forKey key: Key) throws -> Patch<Value> {
        guard contains(key) else { return .absent }
        return try decodeNil(forKey: key) ? .null : .value(decode(Value.self, forKey: key))
    }
}
