import Glibc
import IOReactor
import Synchronization

/// Where callers and the connection meet: commands go in from any task, the link takes them out in one piece. Where
/// nothing is under way a caller sends by itself, which saves it the link's waking up.
///
/// One short lock guards it, so that a command costs its caller no hop to the link's thread, and so that callers
/// learn at once, whatever the link is doing, that Redis is away.
final class RedisExchange: Sendable {
    struct State {
        enum Status {
            case away(reason: String)
            /// With the connection's socket, which does not block.
            case open(Int32)
            case closed
        }

        var status = Status.away(reason: "not connected yet")
        /// Shut down: no new commands, those under way may end.
        var isClosing = false
        var calls = PendingCalls<RedisWaiter>()
        /// Commands not yet given to the link.
        var output: [UInt8] = []
        var writer: UnsafeContinuation<Void, Never>?
        var drainer: UnsafeContinuation<Void, Never>?

        var isAvailable: Bool {
            if case .open = status { !isClosing } else { false }
        }
    }

    let state = Mutex(State())
    let watched = Availability()
    private let lastTicket = Atomic<UInt64>(0)
    private let timeout: Duration
    private let maxInFlight: Int

    init(timeout: Duration, maxInFlight: Int) {
        self.timeout = timeout
        self.maxInFlight = maxInFlight
    }

    /// Names a call, so that it can be cancelled.
    func nextTicket() -> UInt64 {
        lastTicket.wrappingAdd(1, ordering: .relaxed).newValue
    }

    // MARK: - For callers

    /// Queues a call, whose waiter is resumed exactly once from here on.
    ///
    /// - Parameter patience: how long it waits at most; never longer than the timeout of all commands.
    func submit(
        _ bytes: [UInt8], commands: Int, asPipeline: Bool, ticket: UInt64, patience: Duration? = nil,
        waiter: RedisWaiter
    ) {
        let (now, patience) = (ContinuousClock.now, min(patience ?? timeout, timeout))
        let (refusal, writer) = state.withLock { state -> (RedisError?, UnsafeContinuation<Void, Never>?) in
            if let refusal = self.refusal(state) { return (refusal, nil) }
            // A cancellation before this lock found no call to cancel, so it must be seen here.
            if Task.isCancelled { return (RedisError(.cancelled, "the caller was cancelled"), nil) }
            // All was answered, so all was sent: the link has nothing that these bytes could overtake.
            let sent = state.calls.isEmpty && state.output.isEmpty ? state.send(bytes) : 0
            state.calls.append(
                ticket: ticket, commands: commands, asPipeline: asPipeline, now: now, patience: patience,
                waiter: waiter)
            guard sent < bytes.count else { return (nil, nil) }
            state.output.append(contentsOf: bytes[sent...])
            return (nil, state.writer.take())
        }
        writer?.resume()
        if let refusal { waiter.resume(.failed(refusal)) }
    }

    func cancel(_ ticket: UInt64) {
        let (waiter, drainer) = state.withLock { ($0.calls.cancel(ticket), $0.takeDrainer()) }
        waiter?.resume(.failed(RedisError(.cancelled, "the caller was cancelled")))
        drainer?.resume()
    }

    private func refusal(_ state: borrowing State) -> RedisError? {
        if state.isClosing { return RedisError(.closed, "the client is shut down") }
        switch state.status {
        case .open:
            guard state.calls.commandCount >= maxInFlight else { return nil }
            return RedisError(.unavailable, "\(maxInFlight) commands are waiting already")
        case .away(let reason): return RedisError(.unavailable, reason)
        case .closed: return RedisError(.closed, "the client is shut down")
        }
    }
}

extension RedisExchange.State {
    /// How many of the bytes the socket took at once. What is wrong with it the link finds out.
    fileprivate func send(_ bytes: [UInt8]) -> Int {
        guard case .open(let socket) = status else { return 0 }
        return max(0, Glibc.send(socket, bytes, bytes.count, Int32(MSG_DONTWAIT | MSG_NOSIGNAL)))
    }
}

/// Resumes a caller.
enum RedisWaiter: Sendable {
    /// Of a probe, whose only use is that something comes back.
    case nobody
    case command(UnsafeContinuation<Result<RedisValue, RedisError>, Never>)
    case pipeline(UnsafeContinuation<Result<[RedisValue], RedisError>, Never>)

    func resume(_ outcome: PendingCalls<RedisWaiter>.Outcome) {
        switch (self, outcome) {
        case (.nobody, _): break
        case (.command(let caller), .reply(let value)): caller.resume(returning: .success(value))
        case (.command(let caller), .failed(let error)): caller.resume(returning: .failure(error))
        case (.pipeline(let caller), .replies(let values)): caller.resume(returning: .success(values))
        case (.pipeline(let caller), .failed(let error)): caller.resume(returning: .failure(error))
        case (.command, .replies), (.pipeline, .reply): preconditionFailure("a reply of the other shape")
        }
    }
}
