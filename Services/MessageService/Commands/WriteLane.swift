import Events
import Identifiers
import Logging
import Postgres
import ServiceSupport
import Synchronization

/// Writes to the rooms of one lane, one thing after another.
///
/// What waits together is stored together: while one batch commits, the next gathers; a lone message waits for nobody.
/// Since a room always takes the same lane, its events leave in the order of their numbers.
final class WriteLane: Sendable {
    /// Messages that one commit takes at most.
    static let maxBatch = 500
    /// Messages that may wait; beyond that the service says so at once instead of piling up.
    static let capacity = 20_000

    enum Work: Sendable {
        case messages([PendingMessage], @Sendable (Result<[StoreOutcome], any Error>) -> Void)
        case change(@Sendable () async -> Void)

        var size: Int {
            switch self {
            case .messages(let messages, _): messages.count
            case .change: 1
            }
        }
    }

    private struct State {
        var queue: [Work] = []
        var waiting = 0
        var isClosed = false
    }

    private let state = Mutex(State())
    private let wake: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation
    private let store: TimelineStore
    private let emit: @Sendable ([TimelineEvent]) async -> Void
    private let logger: Logger

    /// - Parameter emit: takes what is to be published, in order.
    init(store: TimelineStore, logger: Logger, emit: @escaping @Sendable ([TimelineEvent]) async -> Void) {
        self.store = store
        self.emit = emit
        self.logger = logger
        (wake, alarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// How many messages and changes wait.
    var depth: Int { state.withLock { $0.waiting } }

    /// - Throws: ``Refusal/unavailable`` when the service stops or too much waits.
    func submit(_ work: Work) throws(Refusal) {
        let isAccepted = state.withLock { state in
            guard !state.isClosed, state.waiting < Self.capacity else { return false }
            state.queue.append(work)
            state.waiting += work.size
            return true
        }
        guard isAccepted else { throw .unavailable }
        alarm.yield()
    }

    /// Takes nothing new; what waits is still done.
    func close() {
        state.withLock { $0.isClosed = true }
        alarm.finish()
    }

    /// Works until closed, and then until nothing waits.
    func run() async {
        for await _ in wake { await drain() }
        await drain()
    }

    private func drain() async {
        while let batch = takeBatch() {
            switch batch {
            case .change(let change): await change()
            case .messages(let works): await send(works)
            }
        }
    }

    private enum Batch {
        case messages([Work])
        case change(@Sendable () async -> Void)
    }

    /// The next change alone, or all the messages before the next change that one commit takes.
    private func takeBatch() -> Batch? {
        state.withLock { state in
            guard let first = state.queue.first else { return nil }
            if case .change(let change) = first {
                state.queue.removeFirst()
                state.waiting -= 1
                return .change(change)
            }
            var count = 0
            var size = 0
            for work in state.queue {
                guard case .messages = work, count == 0 || size + work.size <= Self.maxBatch else { break }
                count += 1
                size += work.size
            }
            let works = Array(state.queue.prefix(count))
            state.queue.removeFirst(count)
            state.waiting -= size
            return .messages(works)
        }
    }

    private func send(_ works: [Work]) async {
        let messages = works.flatMap { work -> [PendingMessage] in
            if case .messages(let messages, _) = work { messages } else { [] }
        }
        do {
            let outcomes = try await store.store(messages)
            await finish(works, with: outcomes)
        } catch let error as PGError where !error.isUnavailable && works.count > 1 {
            // One bad message must not fail those that happened to wait beside it.
            logger.warning("a batch of messages failed, trying each alone", metadata: [LogKeys.error: "\(error)"])
            for work in works { await send([work]) }
        } catch {
            for case .messages(_, let reply) in works { reply(.failure(error)) }
        }
    }

    /// Answers first, publishes second.
    private func finish(_ works: [Work], with outcomes: [StoreOutcome]) async {
        var rest = outcomes[...]
        for case .messages(let messages, let reply) in works {
            reply(.success(Array(rest.prefix(messages.count))))
            rest = rest.dropFirst(messages.count)
        }
        var events: [TimelineEvent] = []
        rest = outcomes[...]
        for case .messages(let messages, _) in works {
            for (message, outcome) in zip(messages, rest) {
                guard case .stored(let seq, let at) = outcome else { continue }
                events.append(TimelineEvent(creationOf: message.stored(seq: seq, at: at), scope: message.scope))
            }
            rest = rest.dropFirst(messages.count)
        }
        if !events.isEmpty { await emit(events) }
    }
}
