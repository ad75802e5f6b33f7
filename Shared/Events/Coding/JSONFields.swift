/// An object whose names are known to nobody here. A dictionary's keys would be taken for data; these are names, and in
/// snake_case on the broker.
@propertyWrapper
public struct JSONFields: Codable, Sendable, Equatable {
    public var wrappedValue: [String: JSONValue]

    public init(wrappedValue: [String: JSONValue]) {
        self.wrappedValue = wrappedValue
    }

    public init(from decoder: any Decoder) throws {
        guard case .object(let fields) = try JSONValue(from: decoder) else {
            throw DecodingError.typeMismatch(
                [String: JSONValue].self, .init(codingPath: decoder.codingPath, debugDescription: "not an object"))
        }
        wrappedValue = fields
    }

    public func encode(to encoder: any Encoder) throws {
        try JSONValue.object(wrappedValue).encode(to: encoder)
    }
}
