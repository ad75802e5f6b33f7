import FoundationEssentials
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

extension ParlorSocket {
    /// How the token travels.
    public enum TokenPlacement: Sendable {
        case header(String)
        /// The subprotocol pair `bearer, <token>`, as browsers must.
        case subprotocol(String)
        case query(String)
        /// A first frame `hello`.
        case hello(String)
        case none
    }

    public struct Options: Sendable {
        public var subprotocols = ["parlor.v1"]
        /// Further headers of the upgrade request, e.g. `Origin`.
        public var headers: [String: String] = [:]
        /// Whether the server's pings are answered.
        public var answersPings = true
        /// Longest wait for the open socket.
        public var connectTimeout: Duration = .seconds(15)
        /// Bytes of one frame from the server beyond which the socket is closed.
        public var maxFrameSize = 16 << 20

        /// Takes all frames; `frames` then stays empty.
        public var inbox: FrameInbox?

        public init() {}
    }

    /// Opens a socket.
    ///
    /// - Parameters:
    ///   - baseURL: of the server, `http://…` or `ws://…`.
    ///   - path: e.g. `/ws/abc-defg-hij?after=12`.
    /// - Throws: `ParlorClientError` where the server does not open one; whatever the network says.
    public static func connect(
        _ baseURL: String, _ path: String, token: TokenPlacement, options: Options = Options()
    ) async throws -> ParlorSocket {
        guard let server = ServerAddress(baseURL) else { throw ParlorClientError.badURL(baseURL) }
        let request = upgradeRequest(server, path, token, options)
        let shared = SocketState(inbox: options.inbox)
        let bootstrap = ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.init(options.connectTimeout))
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
        let upgrade = try await bootstrap.connect(host: server.host, port: server.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try configure(channel, server, request, shared, options)
            }
        }
        let answer = upgrade.flatMap { outcome -> EventLoopFuture<Opened> in
            switch outcome {
            case .open(let opened): opened.channel.eventLoop.makeSucceededFuture(opened)
            case .refused(let error): error
            }
        }
        let (channel, subprotocol) = try await withDeadline(options.connectTimeout, answer)
        let socket = ParlorSocket(channel: channel, subprotocol: subprotocol, state: shared)
        // A server that closed while its answer was being read: the handler that came later was not told.
        channel.closeFuture.whenComplete { _ in shared.input.finish() }
        if case .hello(let token) = token { try await socket.send(["type": "hello", "token": .string(token)]) }
        return socket
    }

    private typealias Opened = (channel: any Channel, subprotocol: String?)

    private enum Upgrade: Sendable {
        case open(Opened)
        /// Fails with the reason, once the answer's head has been read.
        case refused(EventLoopFuture<Opened>)
    }

    private static func configure(
        _ channel: any Channel, _ server: ServerAddress, _ request: HTTPRequestHead, _ shared: SocketState,
        _ options: Options
    ) throws -> EventLoopFuture<Upgrade> {
        let pipeline = channel.pipeline.syncOperations
        if server.isSecure {
            let context = try NIOSSLContext(configuration: .makeClientConfiguration())
            try pipeline.addHandler(NIOSSLClientHandler(context: context, serverHostname: server.host))
        }
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(
            maxFrameSize: options.maxFrameSize, enableAutomaticErrorHandling: false
        ) { channel, head in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    SocketFrameHandler(shared, answersPings: options.answersPings))
                return .open((channel, head.headers.first(name: "Sec-WebSocket-Protocol")))
            }
        }
        let configuration = NIOTypedHTTPClientUpgradeConfiguration<Upgrade>(
            upgradeRequestHead: request, upgraders: [upgrader]
        ) { channel in
            // The answer itself is held back until this is done, so it cannot be waited for here.
            let refused = channel.eventLoop.makePromise(of: Opened.self)
            return channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(RefusedUpgradeHandler(refused))
                return .refused(refused.futureResult)
            }
        }
        var upgradable = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: configuration)
        // The server's first frames may arrive together with its answer to the upgrade.
        upgradable.leftOverBytesStrategy = .forwardBytes
        return try pipeline.configureUpgradableHTTPClientPipeline(configuration: upgradable)
    }

    private static func upgradeRequest(
        _ server: ServerAddress, _ path: String, _ token: TokenPlacement, _ options: Options
    ) -> HTTPRequestHead {
        var headers = HTTPHeaders()
        var protocols = options.subprotocols
        var uri = path
        switch token {
        case .header(let token): headers.add(name: "Authorization", value: "Bearer \(token)")
        case .subprotocol(let token): protocols += ["bearer", token]
        case .query(let token): uri += (path.contains("?") ? "&" : "?") + "token=\(token)"
        case .hello, .none: break
        }
        headers.add(name: "Host", value: server.authority)
        headers.add(name: "Content-Length", value: "0")
        if !protocols.isEmpty {
            headers.add(name: "Sec-WebSocket-Protocol", value: protocols.joined(separator: ", "))
        }
        for (name, value) in options.headers { headers.replaceOrAdd(name: name, value: value) }
        return HTTPRequestHead(version: .http1_1, method: .GET, uri: uri, headers: headers)
    }

    private static func withDeadline<T: Sendable>(
        _ limit: Duration, _ future: EventLoopFuture<T>
    ) async throws -> T {
        let promise = future.eventLoop.makePromise(of: T.self)
        let timer = future.eventLoop.scheduleTask(in: .init(limit)) {
            promise.fail(ParlorClientError.unexpected("the server did not open the socket within \(limit)"))
        }
        future.cascade(to: promise)
        defer { timer.cancel() }
        return try await promise.futureResult.get()
    }
}

/// Where a base URL points.
struct ServerAddress: Sendable, Equatable {
    var host: String
    var port: Int
    var isSecure: Bool

    init?(_ url: String) {
        guard let parts = URLComponents(string: url), let host = parts.host, !host.isEmpty else { return nil }
        switch parts.scheme {
        case "http", "ws": isSecure = false
        case "https", "wss": isSecure = true
        default: return nil
        }
        self.host = host
        port = parts.port ?? (isSecure ? 443 : 80)
    }

    var authority: String { port == (isSecure ? 443 : 80) ? host : "\(host):\(port)" }
}
