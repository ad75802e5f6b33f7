import Identifiers
import NIOCore

/// A frame for clients, whole: WebSocket header and JSON text in one buffer, so that a frame for a thousand sockets is
/// encoded once and written a thousand times without a copy.
struct Frame: Sendable {
    let bytes: ByteBuffer
    /// Carries no `seq`: may be dropped for a client that does not keep up.
    let isEphemeral: Bool
}

/// Writes a JSON object and puts a text frame's header before it.
struct FrameWriter {
    /// The longest header a server sends: two bytes and eight of length.
    private static let headroom = 10
    private var buffer: ByteBuffer
    private var needsComma = false

    init(type: StaticString, capacity: Int = 256) {
        buffer = ByteBufferAllocator().buffer(capacity: capacity + Self.headroom)
        buffer.writeRepeatingByte(0, count: Self.headroom)
        buffer.moveReaderIndex(forwardBy: Self.headroom)
        buffer.writeInteger(UInt8(ascii: "{"))
        name("type")
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(type)
        buffer.writeInteger(UInt8(ascii: "\""))
    }

    mutating func field(_ name: StaticString, json: some Collection<UInt8>) {
        self.name(name)
        buffer.writeBytes(json)
    }

    mutating func field(_ name: StaticString, _ text: String?) {
        self.name(name)
        if let text { Self.write(text, to: &buffer) } else { buffer.writeStaticString("null") }
    }

    mutating func field(_ name: StaticString, _ number: Int64) {
        self.name(name)
        buffer.writeString(String(number))
    }

    mutating func field(_ name: StaticString, _ flag: Bool) {
        self.name(name)
        buffer.writeStaticString(flag ? "true" : "false")
    }

    mutating func field(_ name: StaticString, _ id: some TypedID) { field(name, id.description) }

    mutating func field(_ name: StaticString, _ time: Timestamp) { field(name, time.description) }

    consuming func finish(ephemeral: Bool) -> Frame {
        buffer.writeInteger(UInt8(ascii: "}"))
        return Frame(bytes: Self.framed(buffer), isEphemeral: ephemeral)
    }

    /// A frame of JSON that is already an object.
    static func frame(json: some Collection<UInt8>, ephemeral: Bool) -> Frame {
        var buffer = ByteBufferAllocator().buffer(capacity: json.count + headroom)
        buffer.writeRepeatingByte(0, count: headroom)
        buffer.moveReaderIndex(forwardBy: headroom)
        buffer.writeBytes(json)
        return Frame(bytes: framed(buffer), isEphemeral: ephemeral)
    }

    /// Puts the header of a final text frame into the room before the readable bytes.
    private static func framed(_ payload: ByteBuffer) -> ByteBuffer {
        var buffer = payload
        let length = buffer.readableBytes
        let finalText: UInt8 = 0x81
        switch length {
        case ..<126:
            buffer.moveReaderIndex(to: headroom - 2)
            buffer.setInteger(finalText, at: headroom - 2)
            buffer.setInteger(UInt8(length), at: headroom - 1)
        case ..<65_536:
            buffer.moveReaderIndex(to: headroom - 4)
            buffer.setInteger(finalText, at: headroom - 4)
            buffer.setInteger(UInt8(126), at: headroom - 3)
            buffer.setInteger(UInt16(length), at: headroom - 2)
        default:
            buffer.moveReaderIndex(to: 0)
            buffer.setInteger(finalText, at: 0)
            buffer.setInteger(UInt8(127), at: 1)
            buffer.setInteger(UInt64(length), at: 2)
        }
        return buffer
    }

    private mutating func name(_ name: StaticString) {
        if needsComma { buffer.writeInteger(UInt8(ascii: ",")) }
        needsComma = true
        buffer.writeInteger(UInt8(ascii: "\""))
        buffer.writeStaticString(name)
        buffer.writeStaticString("\":")
    }

    private static func write(_ text: String, to buffer: inout ByteBuffer) {
        buffer.writeInteger(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                buffer.writeInteger(UInt8(ascii: "\\"))
                buffer.writeInteger(byte)
            case 0..<0x20:
                let hex = Array("0123456789abcdef".utf8)
                buffer.writeStaticString("\\u00")
                buffer.writeInteger(hex[Int(byte >> 4)])
                buffer.writeInteger(hex[Int(byte & 15)])
            default: buffer.writeInteger(byte)
            }
        }
        buffer.writeInteger(UInt8(ascii: "\""))
    }
}

extension Frame {
    /// The JSON text without the header.
    var json: [UInt8] {
        let length = bytes.getInteger(at: bytes.readerIndex + 1, as: UInt8.self) ?? 0
        let header = length < 126 ? 2 : length == 126 ? 4 : 10
        return bytes.getBytes(at: bytes.readerIndex + header, length: bytes.readableBytes - header) ?? []
    }
}
