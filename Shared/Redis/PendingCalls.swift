import DequeModule

/// The calls that await replies on one connection, in the order in which they were sent.
///
/// A caller may leave early (deadline, cancellation); its place stays, so that its late reply is counted and
/// dropped and every other reply reaches its own caller. `Waiter` is whatever resumes a caller.
struct PendingCalls<Waiter> {
    enum Outcome {
        case reply(RedisValue)
        case replies([RedisValue])
        case failed(RedisError)
    }

    struct Completion {
        var waiter: Waiter
        var outcome: Outcome
    }

    private struct Call {
        let ticket: UInt64
        let sent: ContinuousClock.Instant
        let deadline: ContinuousClock.Instant
        /// Nil once the caller is gone.
        var waiter: Waiter?
        var missing: Int
        /// Replies of a pipeline so far; nil for a single command.
        var collected: [RedisValue]?
    }

    /// The server sent more replies than there were commands: the connection can no longer be trusted.
    struct UnexpectedReply: Error {}

    private var calls: Deque<Call> = []
    /// Commands without a reply, those of callers who left included.
    private(set) var commandCount = 0
    /// Callers who still wait.
    private(set) var waiterCount = 0

    var isEmpty: Bool { calls.isEmpty }

    /// Since when the server owes a reply; `nil` where it owes none.
    var oldest: ContinuousClock.Instant? { calls.first?.sent }

    /// Adds a call.
    ///
    /// - Parameter patience: how long its caller waits from `now` on.
    mutating func append(
        ticket: UInt64, commands: Int, asPipeline: Bool, now: ContinuousClock.Instant, patience: Duration,
        waiter: Waiter
    ) {
        var collected: [RedisValue]?
        if asPipeline {
            collected = []
            collected?.reserveCapacity(commands)
        }
        calls.append(
            Call(
                ticket: ticket, sent: now, deadline: now + patience, waiter: waiter, missing: commands,
                collected: collected))
        commandCount += commands
        waiterCount += 1
    }

    /// Hands replies, in the order they arrived, to the calls they belong to, and returns those that are done.
    mutating func deliver(_ replies: some Sequence<RedisValue>) throws(UnexpectedReply) -> [Completion] {
        var done: [Completion] = []
        for reply in replies {
            guard !calls.isEmpty else { throw UnexpectedReply() }
            commandCount -= 1
            calls[0].missing -= 1
            calls[0].collected?.append(reply)
            guard calls[0].missing == 0 else { continue }
            let call = calls.removeFirst()
            guard let waiter = call.waiter else { continue }
            waiterCount -= 1
            done.append(Completion(waiter: waiter, outcome: call.collected.map(Outcome.replies) ?? .reply(reply)))
        }
        return done
    }

    /// Lets one caller go; nil where it has its reply already or was never here.
    mutating func cancel(_ ticket: UInt64) -> Waiter? {
        guard let index = calls.firstIndex(where: { $0.ticket == ticket }) else { return nil }
        return leave(at: index)
    }

    /// Lets the callers go whose deadline has passed.
    mutating func expire(now: ContinuousClock.Instant) -> [Completion] {
        let timeout = RedisError(.timeout, "no reply within the deadline")
        var expired: [Completion] = []
        for index in calls.indices where calls[index].deadline <= now {
            if let waiter = leave(at: index) {
                expired.append(Completion(waiter: waiter, outcome: .failed(timeout)))
            }
        }
        return expired
    }

    /// Ends them all: the connection is gone.
    mutating func fail(_ error: RedisError, now: ContinuousClock.Instant) -> [Completion] {
        var failed = expire(now: now)
        for call in calls {
            if let waiter = call.waiter { failed.append(Completion(waiter: waiter, outcome: .failed(error))) }
        }
        calls = []
        commandCount = 0
        waiterCount = 0
        return failed
    }

    private mutating func leave(at index: Int) -> Waiter? {
        guard let waiter = calls[index].waiter else { return nil }
        waiterCount -= 1
        calls[index].waiter = nil
        calls[index].collected = nil
        return waiter
    }
}
