/// Where values are encoded: the server's binary format, in network byte order.
public struct PGBuffer: Sendable {
    var bytes: [UInt8] = []
    /// The first value that could not be encoded; the statement is refused with it before anything is sent.
    var failure: (any Error)?

    public mutating func write<T: FixedWidthInteger>(_ value: T) {
        withUnsafeBytes(of: value.bigEndian) { bytes.append(contentsOf: $0) }
    }

    public mutating func write(contentsOf values: some Sequence<UInt8>) {
        bytes.append(contentsOf: values)
    }

    /// Refuses the statement because its value cannot be encoded.
    public mutating func fail(_ error: any Error) {
        failure = failure ?? error
    }

    mutating func append(_ other: PGBuffer) {
        bytes.append(contentsOf: other.bytes)
        if let error = other.failure { fail(error) }
    }

    /// Writes what `body` appends behind its length in bytes.
    mutating func writeLengthPrefixed(_ body: (inout PGBuffer) -> Void) {
        let start = bytes.count
        write(Int32(0))
        body(&self)
        let length = Int32(clamping: bytes.count - start - 4)
        withUnsafeBytes(of: length.bigEndian) { prefix in
            for (offset, byte) in prefix.enumerated() { bytes[start + offset] = byte }
        }
    }
}
