import Events
import Identifiers
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// The one way to write to timelines, for REST, sockets and facts alike.
///
/// Messages that wait are stored together, whatever their rooms, with one commit: while one batch commits the next
/// gathers, and a lone message waits for nobody. Each room has one thing done at a time, up to the sending of its events,
/// so events of a room leave in the order of their numbers.
final class TimelineWriter: Service {
    /// Messages that one commit takes at most.
    static let maxBatch = 500
    /// Messages and changes that may wait; beyond that the service says so at once instead of piling up.
    static let capacity = 20_000
    /// Batches of messages under way: one commits while the next is made ready.
    private static let batches = 2

    private let queue = WriteQueue(capacity: capacity)
    private let store: TimelineStore
    private let events: TimelinePublisher
    private let tally: ActivityTally
    /// Changes under way, each of another room.
    private let changes: Int
    private let logger: Logger
    /// From a message's arrival here to its commit.
    private let latency = Timer(label: MetricNames.messageLatency)

    /// - Parameter changes: of other kinds than new messages, that commit side by side.
    init(store: TimelineStore, events: TimelinePublisher, tally: ActivityTally, changes: Int, logger: Logger) {
        self.store = store
        self.events = events
        self.tally = tally
        self.changes = changes
        self.logger = logger
    }

    /// Works until shut down, and then until nothing waits.
    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withTaskGroup(of: Void.self) { group in
                    for _ in 0..<Self.batches {
                        group.addTask(executorPreference: store.pool.tasks) { await self.writeBatches() }
                    }
                    for _ in 0..<changes {
                        group.addTask(executorPreference: store.pool.tasks) { await self.makeChanges() }
                    }
                }
            } onCancel: {
                queue.close()
            }
        } onGracefulShutdown: {
            self.queue.close()
        }
    }

    /// Messages and changes that wait for their turn.
    var depth: Int { queue.depth }

    /// Stores messages; answers are in the order given.
    ///
    /// - Returns: `PGError` where the database is away: whether that message was stored is not known then.
    ///   ``Refusal/unavailable`` when the service stops or too much waits.
    func send(_ messages: [PendingMessage]) async -> [MessageOutcomes.Outcome] {
        guard !messages.isEmpty else { return [] }
        let start = ContinuousClock.now
        let outcomes = await withCheckedContinuation { submit(messages, MessageOutcomes(count: messages.count, $0)) }
        let elapsed = (ContinuousClock.now - start).components
        latency.recordNanoseconds(elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000)
        return outcomes
    }

    private func submit(_ messages: [PendingMessage], _ outcomes: MessageOutcomes) {
        let rooms = Dictionary(grouping: messages.indices) { messages[$0].room.id }
        do {
            try queue.submit(
                rooms.map { room, positions in
                    (room, .init(messages: positions.map { messages[$0] }) { outcomes.take($0, at: positions) })
                })
        } catch {
            outcomes.take(.failure(error), at: Array(messages.indices))
        }
    }

    /// Runs a change of one room in its turn, and publishes the entries it names.
    func change<T: Sendable>(
        _ room: RoomID, entries: @escaping @Sendable (T) -> [TimelineEvent],
        _ body: @escaping @Sendable (TimelineStore) async throws -> T
    ) async throws -> T {
        let scope = RequestScope.current
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try queue.submit(room) { [store, events] in
                    await RequestScope.$current.withValue(scope) {
                        do {
                            let result = try await body(store)
                            continuation.resume(returning: result)
                            await events.publish(entries(result))
                        } catch {
                            continuation.resume(throwing: error)
                        }
                    }
                }
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    // MARK: - Writing

    private func makeChanges() async {
        while let (room, change) = await queue.nextChange() {
            await change()
            queue.finish([room])
        }
    }

    private func writeBatches() async {
        while let (rooms, messages) = await queue.nextBatch(limit: Self.maxBatch) {
            await store(messages)
            queue.finish(rooms)
        }
    }

    private func store(_ batch: [WriteQueue.Messages]) async {
        do {
            let outcomes = try await store.store(batch.flatMap(\.messages))
            await finish(batch, with: outcomes)
        } catch let error as PGError where !error.isUnavailable && batch.count > 1 {
            // One bad message must not fail those that happened to wait beside it.
            logger.warning("a batch of messages failed, trying each alone", metadata: [LogKeys.error: "\(error)"])
            for messages in batch { await store([messages]) }
        } catch {
            for messages in batch { messages.reply(.failure(error)) }
        }
    }

    /// Answers first, publishes second.
    private func finish(_ batch: [WriteQueue.Messages], with outcomes: [StoreOutcome]) async {
        var rest = outcomes[...]
        for messages in batch {
            messages.reply(.success(rest.prefix(messages.messages.count)))
            rest = rest.dropFirst(messages.messages.count)
        }
        var stored: [TimelineEvent] = []
        var activity: [(code: RoomCode, at: Timestamp)] = []
        for (message, outcome) in zip(batch.lazy.flatMap(\.messages), outcomes) {
            guard case .stored(let seq, let at) = outcome else { continue }
            stored.append(TimelineEvent(creationOf: message.stored(seq: seq, at: at), scope: message.scope))
            activity.append((message.room.code, at))
        }
        await events.publish(stored)
        tally.note(activity)
    }
}
