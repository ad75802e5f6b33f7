import HTTPSupport
import Identifiers
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Listens for sockets, and for the few plain requests beside them.
final class SocketServer: Service {
    private let host: String
    private let port: Int
    private let reception: any Reception
    private let health: Health
    private let group: MultiThreadedEventLoopGroup
    private let logger: Logger
    private let onListening: @Sendable (Int) -> Void
    /// One a loop, made at the start; each is used on its loop only.
    private let shards: [ObjectIdentifier: NIOLoopBound<LoopShard>]
    private let loops: [any EventLoop]

    /// - Parameter onListening: told the port once connections are accepted.
    init(
        host: String, port: Int, reception: any Reception, health: Health, group: MultiThreadedEventLoopGroup,
        logger: Logger, onListening: @escaping @Sendable (Int) -> Void
    ) async throws {
        self.host = host
        self.port = port
        self.reception = reception
        self.health = health
        self.group = group
        self.logger = logger
        self.onListening = onListening
        loops = Array(group.makeIterator())
        var shards: [ObjectIdentifier: NIOLoopBound<LoopShard>] = [:]
        for loop in loops {
            shards[ObjectIdentifier(loop)] = try await loop.submit {
                let shard = LoopShard(loop: loop)
                shard.start()
                return NIOLoopBound(shard, eventLoop: loop)
            }.get()
        }
        self.shards = shards
    }

    func run() async throws {
        let server = try await bootstrap.bind(host: host, port: port).get()
        onListening(server.localAddress?.port ?? port)
        logger.info("listening", metadata: ["port": "\(server.localAddress?.port ?? port)"])
        try? await gracefulShutdown()
        try? await server.close().get()
        for loop in loops {
            guard let shard = shards[ObjectIdentifier(loop)] else { continue }
            try? await loop.submit {
                shard.value.stop()
                for session in shard.value.sessions { session.close(.draining) }
            }.get()
        }
    }

    /// Every socket, by loop, on its loop.
    func forEachShard(_ body: @escaping @Sendable (LoopShard) -> Void) async {
        for loop in loops {
            guard let shard = shards[ObjectIdentifier(loop)] else { continue }
            try? await loop.submit { body(shard.value) }.get()
        }
    }

    private var bootstrap: ServerBootstrap {
        let makeSession = makeSession, answer = answer
        return ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.writeBufferWaterMark, value: .init(low: 32 * 1024, high: 64 * 1024))
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let plain = PlainHTTPHandler(answer: answer)
                    let handler = NIOLoopBound(plain, eventLoop: channel.eventLoop)
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (
                            upgraders: [SocketUpgrader(makeSession: makeSession)],
                            completionHandler: { context in
                                context.pipeline.syncOperations.removeHandler(handler.value, promise: nil)
                            }
                        ))
                    try channel.pipeline.syncOperations.addHandler(plain)
                }
            }
    }

    private var makeSession: @Sendable (any Channel, HTTPRequestHead) -> SocketSession {
        let shards = shards, reception = reception
        return { channel, head in
            let offered = head.headers.first(name: "x-request-id")
            let requestID = offered.flatMap { RequestScope.isAcceptable(requestID: $0) ? $0 : nil }
            let request = SocketRequest(head, requestID: requestID ?? RequestScope.makeRequestID())
            guard let shard = shards[ObjectIdentifier(channel.eventLoop)] else {
                preconditionFailure("a socket on a loop that is not the server's")
            }
            return SocketSession(request, reception: reception, shard: shard.value)
        }
    }

    private var answer: @Sendable (HTTPRequestHead) -> PlainHTTPHandler.Answer {
        let pages = PlainPages(health: health)
        return { head in pages.answer(head) }
    }
}
