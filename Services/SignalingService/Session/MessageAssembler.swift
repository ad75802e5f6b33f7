import NIOCore
import NIOWebSocket

/// Puts fragments together and holds clients to RFC 6455 where NIO's decoder leaves it to us. Pure.
struct MessageAssembler {
    enum Outcome: Equatable {
        case nothing
        case text([UInt8])
        case ping(ByteBuffer)
        case pong
        case close
        case violation(CloseCode)
    }

    /// Longest message, in bytes, whole or in fragments.
    static let longest = 65_536

    private var text: [UInt8]?
    private var fragments = 0

    mutating func receive(_ frame: WebSocketFrame) -> Outcome {
        guard let mask = frame.maskKey, !frame.rsv1, !frame.rsv2, !frame.rsv3, frame.extensionData == nil else {
            return .violation(.protocolError)
        }
        var data = frame.data
        switch frame.opcode {
        case .text:
            guard text == nil else { return .violation(.protocolError) }
            guard data.readableBytes <= Self.longest else { return .violation(.badFrame) }
            let bytes = Self.unmask(&data, mask)
            if frame.fin { return .text(bytes) }
            text = bytes
            fragments = 1
            return .nothing
        case .continuation:
            guard text != nil else { return .violation(.protocolError) }
            fragments += 1
            // Empty fragments carry nothing but work.
            guard text!.count + data.readableBytes <= Self.longest, fragments <= Self.longest + 1 else {
                return .violation(.badFrame)
            }
            text!.append(contentsOf: Self.unmask(&data, mask))
            guard frame.fin, let whole = text else { return .nothing }
            text = nil
            return .text(whole)
        case .binary:
            return .violation(.badFrame)
        case .ping:
            return .ping(ByteBuffer(bytes: Self.unmask(&data, mask)))
        case .pong:
            return .pong
        case .connectionClose:
            return .close
        default:
            return .violation(.protocolError)
        }
    }

    private static func unmask(_ data: inout ByteBuffer, _ key: WebSocketMaskingKey) -> [UInt8] {
        var bytes = data.readBytes(length: data.readableBytes) ?? []
        let mask = (key[0], key[1], key[2], key[3])
        bytes.withUnsafeMutableBufferPointer { bytes in
            var index = 0
            while index + 4 <= bytes.count {
                bytes[index] ^= mask.0
                bytes[index + 1] ^= mask.1
                bytes[index + 2] ^= mask.2
                bytes[index + 3] ^= mask.3
                index += 4
            }
            while index < bytes.count {
                bytes[index] ^= key[index & 3]
                index += 1
            }
        }
        return bytes
    }
}
