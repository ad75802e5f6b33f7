import NIOCore
import NIOWebSocket

/// One open WebSocket, without any memory of others: `ParlorSession` is what reconnects.
public final class ParlorSocket: Sendable {
    /// What the server says, in order; for one reader. Ends when the socket is closed.
    public let frames: AsyncStream<ParlorFrame>
    /// What the server chose of the offered subprotocols.
    public let subprotocol: String?
    let channel: any Channel
    private let state: SocketState

    init(channel: any Channel, subprotocol: String?, state: SocketState) {
        self.channel = channel
        self.subprotocol = subprotocol
        self.state = state
        frames = state.frames
    }

    /// From the server's close frame; nil while open, and where the connection broke without one.
    public var closeCode: CloseCode? { state.closeCode }
    public var isOpen: Bool { channel.isActive }
    /// How long the server has said nothing; its pings count.
    var silence: Duration { state.silence }

    /// Sends one object as a text frame; returns when the kernel has it.
    public func send(_ json: JSONValue) async throws {
        try await send(text: json.description)
    }

    /// Sends one object without waiting for the kernel to take it; in order with other calls. A closed socket drops it.
    public func post(_ json: JSONValue) {
        let data = ByteBuffer(string: json.description)
        channel.writeAndFlush(WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: data), promise: nil)
    }

    public func send(text: String) async throws {
        try await write(WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(string: text)))
    }

    public func send(binary bytes: [UInt8]) async throws {
        try await write(WebSocketFrame(fin: true, opcode: .binary, maskKey: .random(), data: ByteBuffer(bytes: bytes)))
    }

    /// Closes in good order, and returns when the connection is gone.
    public func close(code: CloseCode = .normal) async {
        var data = ByteBuffer()
        data.writeInteger(UInt16(code.rawValue))
        guard isOpen else { return }
        try? await write(WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: data))
        closeSoon()
        await closed()
    }

    /// Who does not end the connection within a few seconds is not waited for.
    func closeSoon() {
        let timer = channel.eventLoop.scheduleTask(in: .seconds(5)) { [channel] in channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }

    /// Waits for the end; the code of the server's close frame, where there was one.
    @discardableResult
    public func closed() async -> CloseCode? {
        try? await channel.closeFuture.get()
        return closeCode
    }

    func write(_ frame: WebSocketFrame) async throws {
        do {
            try await channel.writeAndFlush(frame)
        } catch is ChannelError {
            throw ParlorClientError.closed(closeCode)
        }
    }
}
