import AMQP
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Publishes entries after their commit, in order per room, and notes in the database what the broker confirmed.
///
/// The timeline is its own outbox: an entry that was not confirmed here is published by the relay, from its row, and so
/// is what follows in its room until the relay has caught up.
final class TimelinePublisher: Service {
    /// How long confirms gather before they are noted.
    static let noteInterval: Duration = .milliseconds(500)
    /// After this the relay has published what was missing in a room, and what came after it.
    static let patience: Duration = .seconds(60)
    /// Confirms that may be outstanding before writers wait: well below what the driver takes.
    static let maxInFlight = 8000

    private struct Window {
        var inFlight = 0
        var waiting: [(count: Int, admitted: CheckedContinuation<Void, Never>)] = []

        /// Whether so many more may be sent now; a batch above the limit goes alone.
        func fits(_ count: Int) -> Bool { inFlight == 0 || inFlight + count <= TimelinePublisher.maxInFlight }
    }

    private let publisher: AMQPPublisher
    private let store: TimelineStore
    private let flow: TimelineFlow
    private let logger: Logger
    private let marks = Mutex(PublishedMarks())
    private let window = Mutex(Window())

    init(publisher: AMQPPublisher, store: TimelineStore, logger: Logger) {
        self.publisher = publisher
        self.store = store
        flow = store.flow
        self.logger = logger
    }

    /// Sends events on their way, in the order of the calls of one task. Waits for no confirm, unless very many are
    /// outstanding.
    func publish(_ events: [TimelineEvent]) async {
        guard !events.isEmpty else { return }
        await admit(events.count)
        publisher.submit {
            let sent = flow.sent(of: events)
            return (
                sent.map(\.outgoing),
                { results in
                    self.settle(sent, results)
                    self.release(events.count)
                }
            )
        }
    }

    private func settle(_ events: [TimelineEvent], _ results: [Result<Void, AMQPError>]) {
        let now = ContinuousClock.now
        var failed: [TimelineEvent] = []
        marks.withLock { marks in
            for (event, result) in zip(events, results) {
                if case .success = result {
                    marks.note(event.room, seq: event.seq, now: now)
                } else {
                    failed.append(event)
                }
            }
        }
        if !failed.isEmpty { flow.fail(failed) }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { [self] in await noteAgainAndAgain() }
                group.addTask { [self] in await leaveToRelayWhatFailed() }
            }
        }
        await settle()
    }

    private func noteAgainAndAgain() async {
        while (try? await Task.sleep(for: Self.noteInterval)) != nil { await note() }
    }

    private func leaveToRelayWhatFailed() async {
        var backoff = Backoff()
        for await _ in flow.failures {
            while !Task.isCancelled {
                do {
                    try await leaveToRelay()
                    backoff.reset()
                    break
                } catch {
                    logger.debug("failed entries wait", metadata: [LogKeys.error: "\(error)"])
                    try? await Task.sleep(for: backoff.next())
                }
            }
        }
    }

    /// Has the rooms' rows say that the relay has them now: whoever appends to them reads it.
    private func leaveToRelay() async throws {
        while case let rooms = flow.failed, !rooms.isEmpty {
            flow.noteMarked(rooms, last: try await store.leaveToRelay(rooms))
            // What is still there was kept back meanwhile, or the database forgot it.
            if !flow.failed.isEmpty { try await Task.sleep(for: .milliseconds(50)) }
        }
    }

    /// Writes down what was confirmed since the last time.
    func note() async {
        let limit = ContinuousClock.now - Self.patience
        flow.expire(before: limit)
        let ranges = marks.withLock { $0.next }
        guard !ranges.isEmpty else { return }
        do {
            let settled = try await store.markPublished(ranges)
            let now = ContinuousClock.now
            marks.withLock { $0.settle(ranges.filter { settled.contains($0.key) }, now: now) }
        } catch {
            logger.debug("confirmed entries cannot be noted", metadata: [LogKeys.error: "\(error)"])
        }
        marks.withLock { $0.expire(before: limit) }
    }

    private func admit(_ count: Int) async {
        await withCheckedContinuation { continuation in
            let isAdmitted = window.withLock { window in
                guard window.waiting.isEmpty, window.fits(count) else {
                    window.waiting.append((count, continuation))
                    return false
                }
                window.inFlight += count
                return true
            }
            if isAdmitted { continuation.resume() }
        }
    }

    private func release(_ count: Int) {
        let admitted = window.withLock { window in
            window.inFlight -= count
            var admitted: [CheckedContinuation<Void, Never>] = []
            while let next = window.waiting.first, window.fits(next.count) {
                window.inFlight += next.count
                window.waiting.removeFirst()
                admitted.append(next.admitted)
            }
            return admitted
        }
        for continuation in admitted { continuation.resume() }
    }

    /// Gives outstanding confirms a moment to come, so that the next process has less to repeat.
    private func settle() async {
        for _ in 0..<40 where window.withLock({ $0.inFlight }) > 0 { try? await Task.sleep(for: .milliseconds(50)) }
        await note()
        try? await leaveToRelay()
    }
}
