import Crypto

/// A Lua script, called by its SHA-1 and sent whole only where the server does not know it.
public struct RedisScript: Sendable {
    public let source: String
    /// In lower-case hexadecimal.
    public let sha1: String

    public init(_ source: String) {
        self.source = source
        self.sha1 = Self.hex(Insecure.SHA1.hash(data: Array(source.utf8)))
    }

    private static func hex(_ digest: some Sequence<UInt8>) -> String {
        let digits = Array("0123456789abcdef".utf8)
        let bytes = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return String(decoding: bytes, as: UTF8.self)
    }
}
