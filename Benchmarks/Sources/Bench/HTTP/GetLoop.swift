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
        let channels = try await withThrowingTaskGroup(of: (any Channel).self) { group in
            for token in tokens {
                group.addTask { try await connect(token, counter) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        // The first answers wait for what is made once.
        try await Task.sleep(for: .milliseconds(300))
        _ = try counter.take()
        let start = ContinuousClock.now
        try await Task.sleep(for: time)
        let times = try counter.take()
        let elapsed = ContinuousClock.now - start
        for channel in channels { try? await channel.close() }
        return Outcome(perSecond: Double(times.count) / (elapsed / .seconds(1)), times: times)
    }

    private func connect(_ token: String, _ counter: GetCounter) async throws -> any Channel {
        let head = [
            "GET \(path) HTTP/1.1", "Host: 127.0.0.1:\(port)", "Authorization: Bearer \(token)", "", "",
        ]
        let request = ByteBuffer(string: head.joined(separator: "\r\n"))
        return try await ClientBootstrap(group: LightSocket.loop)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(GetHandler(request, counter))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
    }
}

/// How long answers took, of all connections.
private final class GetCounter: Sendable {
    private let state = Mutex<(times: [Duration], fault: String?)>(([], nil))

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
