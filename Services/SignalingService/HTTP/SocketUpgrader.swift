import NIOCore
import NIOHTTP1
import NIOWebSocket

/// Upgrades every request that asks for it, whatever its path: a refusal is a close with a code, so that browsers see the
/// reason.
///
/// The handshake is NIO's. Its frame encoder is left out, as our frames carry their headers already. What is no sound
/// handshake stays plain HTTP, and is answered as that.
final class SocketUpgrader: HTTPServerProtocolUpgrader, Sendable {
    /// A socket begins with a GET (RFC 6455, section 4.1).
    struct WrongMethod: Error {}

    let supportedProtocol = "websocket"
    let requiredUpgradeHeaders: [String] = []
    private let handshake: NIOWebSocketServerUpgrader
    private let makeSession: @Sendable (any Channel, HTTPRequestHead) -> SocketSession

    init(makeSession: @escaping @Sendable (any Channel, HTTPRequestHead) -> SocketSession) {
        self.makeSession = makeSession
        handshake = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, head in
                var headers = HTTPHeaders()
                if let subprotocol = SocketRequest.subprotocol(head.headers) {
                    headers.add(name: "Sec-WebSocket-Protocol", value: subprotocol)
                }
                return channel.eventLoop.makeSucceededFuture(headers)
            },
            upgradePipelineHandler: { channel, _ in channel.eventLoop.makeSucceededVoidFuture() })
    }

    func buildUpgradeResponse(
        channel: any Channel, upgradeRequest: HTTPRequestHead, initialResponseHeaders: HTTPHeaders
    ) -> EventLoopFuture<HTTPHeaders> {
        guard upgradeRequest.method == .GET else { return channel.eventLoop.makeFailedFuture(WrongMethod()) }
        return handshake.buildUpgradeResponse(
            channel: channel, upgradeRequest: upgradeRequest, initialResponseHeaders: initialResponseHeaders)
    }

    func upgrade(context: ChannelHandlerContext, upgradeRequest: HTTPRequestHead) -> EventLoopFuture<Void> {
        context.eventLoop.makeCompletedFuture {
            let pipeline = context.pipeline.syncOperations
            let decoder = WebSocketFrameDecoder(maxFrameSize: MessageAssembler.longest)
            try pipeline.addHandler(ByteToMessageHandler(decoder))
            try pipeline.addHandler(makeSession(context.channel, upgradeRequest))
        }
    }
}
