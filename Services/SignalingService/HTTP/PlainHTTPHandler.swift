import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Answers the few requests on the sockets' port that ask for no socket; at once, on the loop, so that who asks whether the
/// node is ready does not stand in line behind those who want to be let in.
final class PlainHTTPHandler: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    struct Answer: Sendable {
        var status: HTTPResponseStatus
        var contentType = "application/json; charset=utf-8"
        var body: String
        var headers: [(String, String)] = []
    }

    private let answer: @Sendable (HTTPRequestHead) -> Answer
    private var head: HTTPRequestHead?

    init(answer: @escaping @Sendable (HTTPRequestHead) -> Answer) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head): self.head = head
        case .body: break
        case .end:
            guard let head else { return }
            self.head = nil
            write(answer(head), to: head, context: context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // An upgrade that was none: the request itself follows.
        guard !(error is NIOWebSocketUpgradeError || error is SocketUpgrader.WrongMethod) else { return }
        context.close(promise: nil)
    }

    private func write(_ answer: Answer, to head: HTTPRequestHead, context: ChannelHandlerContext) {
        guard context.channel.isActive else { return }
        var headers = HTTPHeaders([
            ("Content-Type", answer.contentType), ("Content-Length", String(answer.body.utf8.count)),
        ])
        for (name, value) in answer.headers { headers.add(name: name, value: value) }
        // The decoder reads nothing after a request that asked for an upgrade.
        let isKeepAlive = head.isKeepAlive && !head.headers.contains(name: "upgrade")
        if !isKeepAlive { headers.add(name: "Connection", value: "close") }
        context.write(
            wrapOutboundOut(.head(.init(version: .http1_1, status: answer.status, headers: headers))), promise: nil)
        if head.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: answer.body)))), promise: nil)
        }
        let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
        context.writeAndFlush(wrapOutboundOut(.end(nil))).whenComplete { _ in
            if !isKeepAlive { bound.value.close(promise: nil) }
        }
    }
}
