import NIOCore
import NIOHTTP1
import NIOWebSocket
import Synchronization

/// What a socket's handler and its owner share.
final class SocketState: Sendable {
    let frames: AsyncStream<ParlorFrame>
    let input: AsyncStream<ParlorFrame>.Continuation
    private let inbox: FrameInbox?
    private let code = Mutex<CloseCode?>(nil)
    private let lastHeard = Mutex(ContinuousClock.now)

    init(inbox: FrameInbox?) {
        self.inbox = inbox
        (frames, input) = AsyncStream.makeStream()
    }

    func received(_ frame: ParlorFrame) {
        if let inbox { inbox.record(frame) } else { input.yield(frame) }
    }

    /// Anything at all came, pings included.
    func heard() { lastHeard.withLock { $0 = .now } }

    var silence: Duration { lastHeard.withLock { $0 }.duration(to: .now) }

    /// From the server's close frame.
    var closeCode: CloseCode? {
        get { code.withLock { $0 } }
        set { code.withLock { $0 = newValue } }
    }
}

/// Joins fragments, answers pings and close frames, and turns texts into `ParlorFrame`s.
final class SocketFrameHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = WebSocketFrame

    private let shared: SocketState
    private let answersPings: Bool
    private var partial: ByteBuffer?

    init(_ shared: SocketState, answersPings: Bool) {
        self.shared = shared
        self.answersPings = answersPings
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let frame = unwrapInboundIn(data)
        shared.heard()
        switch frame.opcode {
        case .text, .binary, .continuation: collect(frame)
        case .ping:
            guard answersPings else { return }
            write(.pong, frame.unmaskedData, context)
        case .connectionClose:
            var body = frame.unmaskedData
            if let code = body.readInteger(as: UInt16.self) { shared.closeCode = CloseCode(rawValue: Int(code)) }
            write(.connectionClose, frame.unmaskedData, context)
            context.close(promise: nil)
        default: break
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        shared.input.finish()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func collect(_ frame: WebSocketFrame) {
        var data = frame.unmaskedData
        if partial == nil { partial = data } else { partial?.writeBuffer(&data) }
        guard frame.fin, let whole = partial else { return }
        partial = nil
        shared.received(ParlorFrame(text: String(buffer: whole)))
    }

    private func write(_ opcode: WebSocketOpcode, _ data: ByteBuffer, _ context: ChannelHandlerContext) {
        let frame = WebSocketFrame(fin: true, opcode: opcode, maskKey: .random(), data: data)
        context.writeAndFlush(wrapOutboundOut(frame), promise: nil)
    }
}

/// Waits for the status of the plain answer that came instead of an upgrade.
final class RefusedUpgradeHandler<Success: Sendable>: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart

    private let promise: EventLoopPromise<Success>

    init(_ promise: EventLoopPromise<Success>) { self.promise = promise }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) {
            promise.fail(ParlorClientError.upgradeRefused(status: Int(head.status.code)))
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        promise.fail(ParlorClientError.closed(nil))
        context.fireChannelInactive()
    }
}
