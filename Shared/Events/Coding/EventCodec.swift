/// The bytes of an event on the broker.
public enum EventCodec {
    public static func encode(_ event: Event) throws -> [UInt8] { try SnakeJSON.encode(event) }

    /// Throws `DecodingError` for what is no event; an unknown type is no error.
    public static func decode(_ bytes: some Sequence<UInt8>) throws -> Event { try SnakeJSON.decode(from: bytes) }
}
