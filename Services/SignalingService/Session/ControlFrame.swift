import NIOCore

/// WebSocket control frames as a server sends them, whole.
enum ControlFrame {
    static let ping = ByteBuffer(bytes: [0x89, 0])

    static func pong(_ payload: ByteBuffer) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x8A, UInt8(payload.readableBytes)])
        buffer.writeImmutableBuffer(payload)
        return buffer
    }

    static func close(_ code: CloseCode) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x88, UInt8(2 + code.reason.utf8.count)])
        buffer.writeInteger(code.rawValue)
        buffer.writeString(code.reason)
        return buffer
    }
}
