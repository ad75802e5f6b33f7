import Crypto
public import Foundation

extension UUID {
    /// A time-ordered UUID (RFC 9562, version 7): 48 bits of Unix milliseconds, then 74 random bits.
    ///
    /// Ids made by one process in the same millisecond are not ordered among themselves.
    public static func v7(at time: Timestamp = .now()) -> UUID {
        var random = SystemRandomNumberGenerator()
        let high: UInt64 = random.next()
        let low: UInt64 = random.next()
        let milliseconds = UInt64(clamping: time.millisecondsSinceEpoch)
        let upper = milliseconds << 16 | 0x7000 | (high & 0x0FFF)
        let lower = 0x8000_0000_0000_0000 | (low & 0x3FFF_FFFF_FFFF_FFFF)
        return UUID(upper: upper, lower: lower)
    }

    /// A name-based UUID (RFC 9562, version 5: SHA-1 of namespace and name). The same input gives the same id, always.
    public static func v5(namespace: UUID, name: String) -> UUID {
        var hash = Insecure.SHA1()
        withUnsafeBytes(of: namespace.uuid) { hash.update(bufferPointer: $0) }
        hash.update(data: Array(name.utf8))
        var bytes = Array(hash.finalize().prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x50
        bytes[8] = bytes[8] & 0x3F | 0x80
        return UUID(bytes: bytes)
    }

    /// The namespace for names that are URLs (RFC 9562, section 6.6).
    public static let urlNamespace = UUID(upper: 0x6BA7_B811_9DAD_11D1, lower: 0x80B4_00C0_4FD4_30C8)

    /// The 16 bytes in network order.
    public var bytes: [UInt8] { withUnsafeBytes(of: uuid) { Array($0) } }

    /// - Precondition: `bytes` has 16 elements, in network order.
    public init(bytes: some Collection<UInt8>) {
        precondition(bytes.count == 16, "a UUID has 16 bytes")
        var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes) }
        self.init(uuid: value)
    }

    private init(upper: UInt64, lower: UInt64) {
        var value: uuid_t = (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
        withUnsafeMutableBytes(of: &value) { raw in
            raw.storeBytes(of: upper.bigEndian, as: UInt64.self)
            raw.storeBytes(of: lower.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        self.init(uuid: value)
    }
}
