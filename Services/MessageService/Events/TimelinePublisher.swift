import AMQP
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Publishes entries after their commit, in order per room, and notes in the database what the broker confirmed.
///
/// The timeline is its own outbox: an entry that was not confirmed here is published by the relay, from its row.
final class TimelinePublisher: Service {
    /// How long confirms gather before they are noted.
    static let noteInterval: Duration = .milliseconds(500)
    /// After this the relay has published what was missing in a room, and what came after it.
    static let patience: Duration = .seconds(60)
    /// Confirms that may be outstanding before writers wait: well below what the driver takes.
    static let maxInFlight = 8000

    private struct Flow {
        var inFlight = 0
        var waiting: [(count: Int, admitted: CheckedContinuation<Void, Never>)] = []

        /// Whether so many more may be sent now; a batch above the limit goes alone.
        func fits(_ count: Int) -> Bool { inFlight == 0 || inFlight + count <= TimelinePublisher.maxInFlight }
    }

    private let publisher: AMQPPublisher
    private let store: TimelineStore
    private let logger: Logger
    private let marks = Mutex(PublishedMarks())
    private let flow = Mutex(Flow())

    init(publisher: AMQPPublisher, store: TimelineStore, logger: Logger) {
        self.publisher = publisher
        self.store = store
        self.logger = logger
    }

    /// Sends events on their way, in the order of the calls of one task. Waits for no confirm, unless very many are
    /// outstanding.
    func publish(_ events: [TimelineEvent]) async {
        guard !events.isEmpty else { return }
        await admit(events.count)
        publisher.submit(events.map(\.outgoing)) { results in
            let now = ContinuousClock.now
            self.marks.withLock { marks in
                for (event, result) in zip(events, results) {
                    if case .success = result { marks.note(event.room, seq: event.seq, now: now) }
                }
            }
            self.release(events.count)
        }
    }

    func run() async throws {
        try? await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try await Task.sleep(for: Self.noteInterval)
                await self.note()
            }
        }
        await settle()
    }

    /// Writes down what was confirmed since the last time.
    func note() async {
        let ranges = marks.withLock { $0.next }
        guard !ranges.isEmpty else { return }
        do {
            let settled = try await store.markPublished(ranges)
            let now = ContinuousClock.now
            marks.withLock { $0.settle(ranges.filter { settled.contains($0.key) }, now: now) }
        } catch {
            logger.debug("confirmed entries cannot be noted", metadata: [LogKeys.error: "\(error)"])
        }
        let limit = ContinuousClock.now - Self.patience
        marks.withLock { $0.expire(before: limit) }
    }

    private func admit(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isAdmitted = flow.withLock { flow in
                guard flow.waiting.isEmpty, flow.fits(count) else {
                    flow.waiting.append((count, continuation))
                    return false
                }
                flow.inFlight += count
                return true
            }
            if isAdmitted { continuation.resume() }
        }
    }

    private func release(_ count: Int) {
        let admitted = flow.withLock { flow in
            flow.inFlight -= count
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let next = flow.waiting.first, flow.fits(next.count) {
                flow.inFlight += next.count
                flow.waiting.removeFirst()
                admitted.append(next.admitted)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume() }
    }

    /// Gives outstanding confirms a moment to come, so that the next process has less to repeat.
    private func settle() async {
        for _ in 0..<40 where flow.withLock({ $0.inFlight }) > 0 { try? await Task.sleep(for: .milliseconds(50)) }
        await note()
    }
}
