/// One value of a row, as the server sent it. Not copyable, for it points into the row's memory.
public struct PGValue: ~Copyable {
    /// The type's number in the server's catalogue.
    public let oid: UInt32
    private let base: UnsafeRawPointer?
    private let count: Int

    init(oid: UInt32, base: UnsafeRawPointer?, count: Int) {
        self.oid = oid
        self.base = base
        self.count = count
    }

    public var isNull: Bool { base == nil }

    /// Lends the bytes of a value that is not NULL.
    func withBytes<T>(_ body: (UnsafeRawBufferPointer) throws -> T) throws -> T {
        guard let base else { throw PGError(.decoding, "NULL where a value was expected") }
        return try body(UnsafeRawBufferPointer(start: base, count: count))
    }

    /// Reads a whole value as one integer in network byte order.
    func integer<T: FixedWidthInteger>(_: T.Type) throws -> T {
        try withBytes { bytes in
            guard bytes.count == MemoryLayout<T>.size else { throw mismatch(T.self) }
            return T(bigEndian: bytes.loadUnaligned(as: T.self))
        }
    }

    /// The error of a value that cannot be read as `type`.
    func mismatch(_ type: Any.Type) -> PGError {
        PGError(.decoding, "a value of the SQL type \(oid) is not a \(type)")
    }
}
