import NIOCore
import NIOPosix

/// A client's socket that costs a fraction of what it measures: frames are found, not decoded, and one thread serves
/// them all.
struct LightSocket: Sendable {
    /// Everything that is said and heard happens on this loop.
    static let loop: any EventLoop = MultiThreadedEventLoopGroup(numberOfThreads: 1).next()

    private let channel: any Channel

    /// Joins a room; returns when the server has let it in.
    ///
    /// - Parameter onText: called on the loop with every text but `joined`; the bytes are lent.
    static func join(
        _ code: String, port: Int, token: String, onText: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) async throws -> LightSocket {
        let joined = loop.makePromise(of: Void.self)
        let request = [
            "GET /ws/\(code) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Connection: Upgrade", "Upgrade: websocket",
            "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
            "Authorization: Bearer \(token)", "", "",
        ]
        let bytes = ByteBuffer(string: request.joined(separator: "\r\n"))
        do {
            let channel = try await ClientBootstrap(group: loop)
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .connectTimeout(.seconds(30))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            LightSocketHandler(request: bytes, joined: joined, onText: onText))
                    }
                }
                .connect(host: "127.0.0.1", port: port).get()
            try await joined.futureResult.get()
            return LightSocket(channel: channel)
        } catch {
            joined.fail(error)
            throw error
        }
    }

    /// Sends a text frame. The mask is zero, which is a mask too.
    func send(_ text: [UInt8]) {
        var frame = channel.allocator.buffer(capacity: text.count + 8)
        frame.writeInteger(UInt8(0x81))
        if text.count < 126 {
            frame.writeInteger(UInt8(0x80) | UInt8(text.count))
        } else {
            frame.writeInteger(UInt8(0x80 | 126))
            frame.writeInteger(UInt16(text.count))
        }
        frame.writeInteger(UInt32(0))
        frame.writeBytes(text)
        channel.writeAndFlush(frame, promise: nil)
    }

    /// Gives up the seat; returns when the connection is gone.
    func leave() async {
        send(Array(#"{"type":"bye"}"#.utf8))
        try? await channel.closeFuture.get()
    }

    /// Closes without a word.
    func drop() async { try? await channel.close() }
}

/// Finds the frames in what the server sends, and answers its pings.
private final class LightSocketHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let joined: EventLoopPromise<Void>
    private let onText: @Sendable (UnsafeRawBufferPointer) -> Void
    private var pending = ByteBuffer()
    private var isUpgraded = false
    private var hasJoined = false

    init(
        request: ByteBuffer, joined: EventLoopPromise<Void>,
        onText: @escaping @Sendable (UnsafeRawBufferPointer) -> Void
    ) {
        self.request = request
        self.joined = joined
        self.onText = onText
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        if pending.readableBytes == 0 { pending = data } else { pending.writeBuffer(&data) }
        if !isUpgraded {
            guard let end = pending.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            let head = pending.readString(length: end.upperBound - pending.readerIndex) ?? ""
            guard head.hasPrefix("HTTP/1.1 101") else {
                return joined.fail(Stack.Fault(description: "no upgrade: \(head.prefix(200))"))
            }
            isUpgraded = true
        }
        var control = Control()
        let used = pending.withUnsafeReadableBytes { take($0, &control) }
        pending.moveReaderIndex(forwardBy: used)
        // Masked with zeros and without the payload, which a pong need not repeat for this server.
        for _ in 0..<control.pings {
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: [0x8A, 0x80, 0, 0, 0, 0])), promise: nil)
        }
        if let code = control.closeCode {
            joined.fail(Stack.Fault(description: "closed with \(code)"))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        joined.fail(Stack.Fault(description: "closed before it joined"))
    }

    /// What has to be answered.
    private struct Control {
        var pings = 0
        var closeCode: Int?
    }

    /// How many bytes were whole frames.
    private func take(_ bytes: UnsafeRawBufferPointer, _ control: inout Control) -> Int {
        var position = 0
        while bytes.count - position >= 2 {
            var start = position + 2
            var length = Int(bytes[position + 1] & 0x7F)
            if length >= 126 {
                let width = length == 126 ? 2 : 8
                guard bytes.count - start >= width else { break }
                length = bytes[start..<(start + width)].reduce(0) { $0 << 8 | Int($1) }
                start += width
            }
            guard bytes.count - start >= length else { break }
            let payload = UnsafeRawBufferPointer(rebasing: bytes[start..<(start + length)])
            switch bytes[position] & 0x0F {
            case 1: text(payload)
            case 8: control.closeCode = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
            case 9: control.pings += 1
            default: break
            }
            position = start + length
        }
        return position
    }

    private func text(_ payload: UnsafeRawBufferPointer) {
        if hasJoined { return onText(payload) }
        hasJoined = true
        joined.succeed()
    }
}
