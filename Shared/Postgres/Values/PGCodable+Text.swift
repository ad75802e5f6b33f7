public import FoundationEssentials

extension String: PGCodable {
    public static var pgType: PGType { .text }

    /// The server knows no NUL in text; such a value is refused here with a clear error.
    public func encode(into buffer: inout PGBuffer) {
        let start = buffer.bytes.count
        buffer.write(contentsOf: utf8)
        if buffer.bytes[start...].contains(0) {
            buffer.fail(PGError(.encoding, "text with a NUL character cannot be stored"))
        }
    }

    /// Text of any kind, JSON, enums, UUIDs and numerics; cast other types in SQL (`::text`).
    public init(pg value: borrowing PGValue) throws {
        switch value.oid {
        case PGType.numeric.oid: self = try PGNumericText(value).text
        case PGType.uuid.oid: self = try UUID(pg: value).uuidString.lowercased()
        case PGType.jsonb.oid: self = try value.jsonText { String(decoding: $0, as: UTF8.self) }
        case let oid where oid >= PGType.firstUserOID || PGTextTypes.contains(oid):
            self = try value.withBytes { String(decoding: $0, as: UTF8.self) }
        default: throw value.mismatch(String.self)
        }
    }
}

/// Types whose binary form is their text.
private enum PGTextTypes {
    static func contains(_ oid: UInt32) -> Bool {
        switch oid {
        // char, name, text, json, xml, unknown, bpchar, varchar, cstring
        case 18, 19, 25, 114, 142, 705, 1042, 1043, 2275: true
        default: false
        }
    }
}

extension UUID: PGCodable {
    public static var pgType: PGType { .uuid }

    public func encode(into buffer: inout PGBuffer) {
        withUnsafeBytes(of: uuid) { buffer.bytes.append(contentsOf: $0) }
    }

    public init(pg value: borrowing PGValue) throws {
        guard value.oid == PGType.uuid.oid else { throw value.mismatch(UUID.self) }
        self = try value.withBytes { bytes in
            guard bytes.count == 16 else { throw value.mismatch(UUID.self) }
            return UUID(uuid: bytes.loadUnaligned(as: uuid_t.self))
        }
    }
}
