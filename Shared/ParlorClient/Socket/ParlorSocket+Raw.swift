import Glibc
import NIOCore
import NIOWebSocket

/// What no well-behaved client does.
extension ParlorSocket {
    /// Writes bytes as they are, past the frame encoder.
    public func send(raw bytes: [UInt8]) async throws {
        let channel = channel
        try await channel.eventLoop.flatSubmit {
            let promise = channel.eventLoop.makePromise(of: Void.self)
            do {
                // From the encoder on towards the socket, so not through the encoder.
                let encoder = try channel.pipeline.syncOperations.context(handlerType: WebSocketFrameEncoder.self)
                encoder.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: promise)
            } catch {
                promise.fail(error)
            }
            return promise.futureResult
        }.get()
    }

    /// Sends a text in fragments of the given size.
    public func send(text: String, fragments size: Int) async throws {
        let bytes = Array(text.utf8)
        var start = 0
        repeat {
            let end = min(start + max(size, 1), bytes.count)
            try await write(
                WebSocketFrame(
                    fin: end == bytes.count, opcode: start == 0 ? .text : .continuation, maskKey: .random(),
                    data: ByteBuffer(bytes: bytes[start..<end])))
            start = end
        } while start < bytes.count
    }

    /// Resets the connection: no close frame, no FIN.
    public func cut() async {
        if let options = channel as? any SocketOptionProvider {
            try? await options.setSoLinger(linger(l_onoff: 1, l_linger: 0)).get()
        }
        try? await channel.close()
    }

    /// Reads nothing more and answers nothing, not even pings, as if the cable were pulled: to the server the
    /// connection looks open until its own checks say otherwise.
    public func vanish() async {
        try? await channel.setOption(.autoRead, value: false).get()
    }

    /// The end of `vanish()`: what has gathered is read at once.
    public func reappear() async {
        try? await channel.setOption(.autoRead, value: true).get()
    }
}
