import AMQP
import Logging
import ServiceLifecycle
import Synchronization

/// Messages on their way to the broker that nobody waits for. What waits together travels together; what finds the
/// broker away is dropped, as its readers heal without it.
final class OutgoingQueue: Service {
    /// Beyond it the oldest are dropped: the broker is blocked, and old news are no news.
    private static let limit = 50_000

    private let publisher: AMQPPublisher
    private let logger: Logger
    private let waiting = Mutex<[AMQPOutgoing]>([])
    private let wakeUps: AsyncStream<Void>
    private let wake: AsyncStream<Void>.Continuation

    init(publisher: AMQPPublisher, logger: Logger) {
        self.publisher = publisher
        self.logger = logger
        (wakeUps, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func send(_ messages: [AMQPOutgoing]) {
        guard publisher.isAvailable else { return }
        let isFirst = waiting.withLock { waiting in
            let wasEmpty = waiting.isEmpty
            if waiting.count + messages.count > Self.limit { waiting.removeFirst(min(waiting.count, messages.count)) }
            waiting += messages
            return wasEmpty
        }
        if isFirst { wake.yield() }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            for await _ in self.wakeUps { await self.flush() }
        }
        await flush()
    }

    private func flush() async {
        while true {
            let batch = waiting.withLock { waiting in
                defer { waiting = [] }
                return waiting
            }
            guard !batch.isEmpty else { return }
            let failures = await publisher.publish(batch).filter { if case .failure = $0 { true } else { false } }
            if !failures.isEmpty { logger.debug("live messages lost", metadata: ["count": "\(failures.count)"]) }
        }
    }
}
