import Foundation

/// A WebSocket frame byte by byte, right or wrong.
struct RawFrame {
    var final = true
    /// The reserved bits, as they stand in the first byte: 4, 2 and 1.
    var reserved: UInt8 = 0
    var opcode: UInt8
    var payload: [UInt8] = []
    var isMasked = true

    static func text(_ text: String, reserved: UInt8 = 0, isMasked: Bool = true) -> [UInt8] {
        RawFrame(reserved: reserved, opcode: 1, payload: Array(text.utf8), isMasked: isMasked).bytes
    }

    /// A text in frames of `size` bytes.
    static func fragments(_ text: String, of size: Int) -> [UInt8] {
        let bytes = Array(text.utf8)
        var frames: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: size) {
            let end = min(start + size, bytes.count)
            frames +=
                RawFrame(
                    final: end == bytes.count, opcode: start == 0 ? 1 : 0, payload: Array(bytes[start..<end])
                ).bytes
        }
        return frames
    }

    var bytes: [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var bytes: [UInt8] = [(final ? 0x80 : 0) | (reserved << 4) | opcode]
        let bit: UInt8 = isMasked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(bit | UInt8(payload.count))
        case ..<65_536: bytes += [bit | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(bit | 127)
            bytes += (0..<8).reversed().map { UInt8(payload.count >> ($0 * 8) & 0xFF) }
        }
        guard isMasked else { return bytes + payload }
        bytes += mask
        for (index, byte) in payload.enumerated() { bytes.append(byte ^ mask[index & 3]) }
        return bytes
    }
}
