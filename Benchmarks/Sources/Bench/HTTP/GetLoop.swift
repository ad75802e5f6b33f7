import NIOCore
import NIOPosix
import Synchronization

/// Connections that ask for one thing again and again, each as soon as it has its answer; a client that costs a fraction
/// of what it measures.
struct GetLoop: Sendable {
    let port: Int
    let path: String
    /// A connection each.
    let tokens: [String]

    struct Outcome: Sendable {
        var perSecond: Double
        var times: [Duration]
    }

    /// - Throws: for any answer but 200.
    func run(for time: Duration) async throws -> Outcome {
        let counter = GetCounter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for token in tokens {
                group.addTask { try await connect(request(token), counter).get() }
            }
            try await group.waitForAll()
        }
        // The first answers wait for what is made once.
        try await Task.sleep(for: .milliseconds(300))
        _ = try counter.take()
        let start = ContinuousClock.now
        try await Task.sleep(for: time)
        let times = try counter.take()
        let elapsed = ContinuousClock.now - start
        for channel in counter.end() { try? await channel.close() }
        return Outcome(perSecond: Double(times.count) / (elapsed / .seconds(1)), times: times)
    }

    private func request(_ token: String) -> ByteBuffer {
        let head = [
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Authorization: Bearer \(token)", "", "",
        ]
        return ByteBuffer(string: head.joined(separator: "\r\n"))
    }

    /// A server ends a connection after so many answers (nginx, as it comes, after a thousand): then there is a new one, as
    /// with any client.
    private func connect(_ request: ByteBuffer, _ counter: GetCounter) -> EventLoopFuture<Void> {
        ClientBootstrap(group: LightSocket.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(GetHandler(request, counter))
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .map { channel in
                counter.opened(channel)
                channel.closeFuture.whenSuccess {
                    guard counter.closed(channel) else { return }
                    connect(request, counter).whenFailure { counter.fail("no new connection: \($0)") }
                }
            }
    }
}

/// How long answers took, of all connections.
private final class GetCounter: Sendable {
    private struct State {
        var times: [Duration] = []
        var fault: String?
        var channels: [ObjectIdentifier: any Channel] = [:]
        var hasEnded = false
    }

    private let state = Mutex(State())

    func opened(_ channel: any Channel) { state.withLock { $0.channels[ObjectIdentifier(channel)] = channel } }

    /// - Returns: whether another is to take its place.
    func closed(_ channel: any Channel) -> Bool {
        state.withLock { state in
            state.channels[ObjectIdentifier(channel)] = nil
            return !state.hasEnded
        }
    }

    /// The connections to be closed.
    func end() -> [any Channel] {
        state.withLock { state in
            state.hasEnded = true
            return Array(state.channels.values)
        }
    }

    func note(_ time: Duration) { state.withLock { $0.times.append(time) } }
    func fail(_ words: String) { state.withLock { $0.fault = $0.fault ?? words } }

    func take() throws -> [Duration] {
        try state.withLock { state in
            if let fault = state.fault { throw Stack.Fault(description: fault) }
            defer { state.times = [] }
            return state.times
        }
    }
}

private final class GetHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let request: ByteBuffer
    private let counter: GetCounter
    private var pending = ByteBuffer()
    private var sent = ContinuousClock.now

    init(_ request: ByteBuffer, _ counter: GetCounter) {
        self.request = request
        self.counter = counter
    }

    func channelActive(context: ChannelHandlerContext) { ask(context) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var data = unwrapInboundIn(data)
        pending.writeBuffer(&data)
        guard let length = answerLength(), pending.readableBytes >= length else { return }
        counter.note(ContinuousClock.now - sent)
        pending.clear()
        ask(context)
    }

    private func ask(_ context: ChannelHandlerContext) {
        sent = .now
        context.writeAndFlush(wrapOutboundOut(request), promise: nil)
    }

    /// Of head and body, once the head is there.
    private func answerLength() -> Int? {
        let view = pending.readableBytesView
        guard let end = view.firstRange(of: Array("\r\n\r\n".utf8)) else { return nil }
        let head = String(decoding: view[..<end.lowerBound], as: UTF8.self)
        guard head.hasPrefix("HTTP/1.1 200"), let length = head.firstMatch(of: /(?i)content-length: *(\d+)/) else {
            counter.fail("not what was asked for: \(head.prefix(200))")
            return nil
        }
        return end.upperBound - view.startIndex + (Int(length.1) ?? 0)
    }
}
