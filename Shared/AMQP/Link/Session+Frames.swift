internal import CRabbitMQ

extension Session {
    /// Sends whole frames of our own making through the library, which encrypts them; blocks while the socket is full.
    /// False when the connection is lost.
    func send(frames bytes: [UInt8]) -> Bool {
        var pool = amqp_pool_t()
        init_amqp_pool(&pool, 4096)
        defer { empty_amqp_pool(&pool) }
        return bytes.withUnsafeBytes { bytes in
            var rest = bytes[...]
            while let (frame, size) = Self.decode(UnsafeRawBufferPointer(rebasing: rest), &pool) {
                var frame = frame
                guard amqp_send_frame(state, &frame) == AMQP_STATUS_OK.rawValue else { return false }
                rest = rest.dropFirst(size)
            }
            return rest.isEmpty
        }
    }

    /// The first frame of `bytes` as the library knows it, and how long it is: type, channel, size, payload and an end.
    private static func decode(
        _ bytes: UnsafeRawBufferPointer, _ pool: inout amqp_pool_t
    ) -> (frame: amqp_frame_t, size: Int)? {
        guard bytes.count >= 8 else { return nil }
        func integer<T: FixedWidthInteger>(at offset: Int, _: T.Type) -> T {
            T(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: T.self))
        }
        let payload = Int(integer(at: 3, UInt32.self))
        func part(_ offset: Int) -> amqp_bytes_t {
            let start = bytes.baseAddress.map { UnsafeMutableRawPointer(mutating: $0 + 7 + offset) }
            return amqp_bytes_t(len: payload - offset, bytes: start)
        }
        var frame = amqp_frame_t()
        frame.frame_type = bytes[0]
        frame.channel = integer(at: 1, UInt16.self)
        switch Int32(bytes[0]) {
        case AMQP_FRAME_METHOD:
            let id = integer(at: 7, UInt32.self)
            var decoded: UnsafeMutableRawPointer?
            guard amqp_decode_method(id, &pool, part(4), &decoded) == AMQP_STATUS_OK.rawValue else { return nil }
            frame.payload.method = amqp_method_t(id: id, decoded: decoded)
        case AMQP_FRAME_HEADER:
            // Class, weight and the body's size stand before the properties.
            let classID = integer(at: 7, UInt16.self)
            var decoded: UnsafeMutableRawPointer?
            guard amqp_decode_properties(classID, &pool, part(12), &decoded) == AMQP_STATUS_OK.rawValue else {
                return nil
            }
            frame.payload.properties.class_id = classID
            frame.payload.properties.body_size = integer(at: 11, UInt64.self)
            frame.payload.properties.decoded = decoded
        case AMQP_FRAME_BODY:
            frame.payload.body_fragment = part(0)
        default:
            break
        }
        return (frame, payload + 8)
    }
}
