/// Any JSON, kept as it came. Numbers without a fraction stay integers. Names are in camelCase, but in snake_case on the
/// broker.
public enum JSONValue: Sendable, Hashable, Codable {
    case null
    case bool(Bool)
    case integer(Int64)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([String: JSONValue])

    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .bool(value)
        } else if let value = try? container.decode(Int64.self) {
            self = .integer(value)
        } else if let value = try? container.decode(Double.self) {
            self = .number(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSONValue].self) {
            self = .array(value)
        } else {
            let fields = try container.decode([String: JSONValue].self)
            self = .object(decoder.isSnakeCase ? Self.renamed(fields, SnakeCase.toCamel) : fields)
        }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .null: try container.encodeNil()
        case .bool(let value): try container.encode(value)
        case .integer(let value): try container.encode(value)
        case .number(let value): try container.encode(value)
        case .string(let value): try container.encode(value)
        case .array(let value): try container.encode(value)
        case .object(let fields):
            try container.encode(encoder.isSnakeCase ? Self.renamed(fields, SnakeCase.from(camel:)) : fields)
        }
    }

    private static func renamed(
        _ fields: [String: JSONValue], _ name: (String) -> String
    ) -> [String: JSONValue] {
        Dictionary(fields.map { (name($0), $1) }) { first, _ in first }
    }
}

extension Encoder {
    fileprivate var isSnakeCase: Bool { userInfo[.isSnakeCase] as? Bool ?? false }
}

extension Decoder {
    fileprivate var isSnakeCase: Bool { userInfo[.isSnakeCase] as? Bool ?? false }
}
