internal import FoundationEssentials

/// A Codable value in a `jsonb` (or `json`) column.
public struct PGJSON<Value: Codable & Sendable>: PGCodable {
    public var value: Value

    public init(_ value: Value) {
        self.value = value
    }

    public static var pgType: PGType { .jsonb }

    public func encode(into buffer: inout PGBuffer) {
        do {
            let text = try JSONEncoder().encode(value)
            buffer.write(jsonbVersion)
            buffer.write(contentsOf: text)
        } catch {
            buffer.fail(PGError(.encoding, "\(Value.self) has no JSON form: \(error)"))
        }
    }

    public init(pg value: borrowing PGValue) throws {
        self.value = try value.jsonText { bytes in
            do {
                return try JSONDecoder().decode(Value.self, from: Data(bytes))
            } catch {
                throw PGError(.decoding, "the JSON is not a \(Value.self): \(error)")
            }
        }
    }
}

extension PGJSON: Equatable where Value: Equatable {}

/// JSON that is already text, passed through as it is; the server checks it.
public struct PGJSONText: PGCodable, Hashable {
    public var text: String

    public init(_ text: String) {
        self.text = text
    }

    public static var pgType: PGType { .jsonb }

    public func encode(into buffer: inout PGBuffer) {
        buffer.write(jsonbVersion)
        text.encode(into: &buffer)
    }

    public init(pg value: borrowing PGValue) throws {
        text = try value.jsonText { String(decoding: $0, as: UTF8.self) }
    }
}

/// The binary form of `jsonb` is one version byte and the text.
private let jsonbVersion: UInt8 = 1

extension PGValue {
    func jsonText<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        try withBytes { bytes in
            switch oid {
            case PGType.json.oid: return try body(bytes)
            case PGType.jsonb.oid where bytes.first == jsonbVersion:
                return try body(UnsafeRawBufferPointer(rebasing: bytes.dropFirst()))
            default: throw PGError(.decoding, "a value of the SQL type \(oid) is not JSON")
            }
        }
    }
}
