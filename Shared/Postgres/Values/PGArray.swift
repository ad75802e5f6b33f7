/// What arrays may hold. `UInt8` is special: an array of bytes is a `bytea`, not a `smallint[]`.
public protocol PGArrayElement: Sendable {
    static var pgArrayType: PGType { get }
    static func encode(array: [Self], into buffer: inout PGBuffer)
    static func decodeArray(pg value: borrowing PGValue) throws -> [Self]
}

extension Array: PGEncodable where Element: PGArrayElement {
    public static var pgType: PGType { Element.pgArrayType }

    public func encode(into buffer: inout PGBuffer) {
        Element.encode(array: self, into: &buffer)
    }
}

extension Array: PGDecodable where Element: PGArrayElement {
    public init(pg value: borrowing PGValue) throws {
        self = try Element.decodeArray(pg: value)
    }
}

extension Optional: PGArrayElement where Wrapped: PGEncodable & PGDecodable {}

extension UInt8: PGArrayElement {
    public static var pgArrayType: PGType { .bytea }

    public static func encode(array: [UInt8], into buffer: inout PGBuffer) {
        buffer.write(contentsOf: array)
    }

    public static func decodeArray(pg value: borrowing PGValue) throws -> [UInt8] {
        guard value.oid == PGType.bytea.oid else { throw value.mismatch([UInt8].self) }
        return try value.withBytes { Array($0) }
    }
}

extension PGArrayElement where Self: PGEncodable & PGDecodable {
    public static var pgArrayType: PGType { PGType(oid: pgType.arrayOID) }

    /// Dimensions, a NULL flag, the element's type; then length and lower bound; then the elements behind their lengths.
    public static func encode(array: [Self], into buffer: inout PGBuffer) {
        buffer.write(Int32(array.isEmpty ? 0 : 1))
        buffer.write(Int32(array.contains(where: \.pgIsNull) ? 1 : 0))
        buffer.write(pgType.oid)
        guard !array.isEmpty else { return }
        buffer.write(Int32(clamping: array.count))
        buffer.write(Int32(1))
        for element in array {
            if element.pgIsNull {
                buffer.write(Int32(-1))
            } else {
                buffer.writeLengthPrefixed { element.encode(into: &$0) }
            }
        }
    }

    public static func decodeArray(pg value: borrowing PGValue) throws -> [Self] {
        let oid = value.oid
        return try value.withBytes { bytes in
            var offset = 0
            func integer() throws -> Int {
                guard offset + 4 <= bytes.count else { throw PGError(.decoding, "the SQL type \(oid) is no array") }
                defer { offset += 4 }
                return Int(Int32(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Int32.self)))
            }
            let dimensions = try integer()
            _ = try integer()
            let element = UInt32(truncatingIfNeeded: try integer())
            guard dimensions > 0 else { return [] }
            guard dimensions == 1 else { throw PGError(.decoding, "arrays of \(dimensions) dimensions are not read") }
            let count = try integer()
            _ = try integer()
            // Every element takes four bytes at least: a count beyond that comes from something that is no array.
            guard 0...(bytes.count / 4) ~= count else { throw PGError(.decoding, "the SQL type \(oid) is no array") }
            var array: [Self] = []
            array.reserveCapacity(count)
            for _ in 0..<count {
                let length = try integer()
                guard length <= bytes.count - offset else { throw PGError(.decoding, "an array is cut short") }
                let base = length < 0 ? nil : bytes.baseAddress.map { $0 + offset }
                array.append(try Self(pg: PGValue(oid: element, base: base, count: max(length, 0))))
                offset += max(length, 0)
            }
            return array
        }
    }
}
