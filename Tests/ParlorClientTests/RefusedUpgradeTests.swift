import NIOCore
import NIOPosix
import ParlorClient
import Testing

/// Servers that do not open a socket.
struct RefusedUpgradeTests {
    @Test(arguments: [401, 503])
    func aPlainAnswerIsAnErrorAtOnce(status: Int) async throws {
        let body = #"{"code":"unavailable"}"#
        let answer = "HTTP/1.1 \(status) No\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        try await withServer(answering: answer) { url in
            await #expect(throws: ParlorClientError.upgradeRefused(status: status)) {
                // The limit is the time after which nothing at all is known: the answer comes long before.
                var options = ParlorSocket.Options()
                options.connectTimeout = .seconds(60)
                _ = try await ParlorSocket.connect(url, "/ws/abc-defg-hij", token: .none, options: options)
            }
        }
    }

    @Test func aServerThatHangsUpIsAnErrorAtOnce() async throws {
        try await withServer(answering: nil) { url in
            await #expect(throws: (any Error).self) {
                var options = ParlorSocket.Options()
                options.connectTimeout = .seconds(60)
                _ = try await ParlorSocket.connect(url, "/ws/abc-defg-hij", token: .none, options: options)
            }
        }
    }

    /// A server that answers the first bytes it gets, or hangs up for an answer.
    private func withServer(answering answer: String?, _ body: (String) async throws -> Void) async throws {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        try await body("http://127.0.0.1:\(server.localAddress?.port ?? 0)")
        try await server.close()
    }
}

private final class Answering: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let answer: String?

    init(_ answer: String?) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let answer else { return context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: answer)), promise: nil)
    }
}
