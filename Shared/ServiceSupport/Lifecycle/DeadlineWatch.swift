import Synchronization

/// Cancels tasks that outlive their deadlines.
///
/// One ticker serves them all, so that a deadline costs no task and no timer of its own; it comes up to 50 ms late.
final class DeadlineWatch: Sendable {
    static let shared = DeadlineWatch()
    private static let tick: Duration = .milliseconds(50)

    private struct Watched {
        var deadline: ContinuousClock.Instant
        /// Of its task; `nil` until that is known, and once it was called.
        var cancel: (@Sendable () -> Void)?
        var isLate = false
    }

    private struct State {
        var lastTicket: UInt64 = 0
        var watched: [UInt64: Watched] = [:]
        var isTicking = false
    }

    private let state = Mutex(State())

    /// Runs `work` in a task that is cancelled after `deadline`. `work` gets a way to ask whether that has happened.
    func start<T: Sendable>(
        _ deadline: Duration, _ work: @escaping @Sendable (_ isLate: @Sendable () -> Bool) async -> T
    ) -> Task<T, Never> {
        let ticket = begin(.now + deadline)
        let task = Task {
            defer { self.end(ticket) }
            return await work { self.isLate(ticket) }
        }
        state.withLock { $0.watched[ticket]?.cancel = { task.cancel() } }
        return task
    }

    /// A ticket is watched from here on, also before its task is known: the task may end before this thread goes on.
    private func begin(_ deadline: ContinuousClock.Instant) -> UInt64 {
        let (ticket, isFirst) = state.withLock { state in
            state.lastTicket += 1
            state.watched[state.lastTicket] = Watched(deadline: deadline)
            defer { state.isTicking = true }
            return (state.lastTicket, !state.isTicking)
        }
        if isFirst { Task.detached { await self.watch() } }
        return ticket
    }

    private func isLate(_ ticket: UInt64) -> Bool { state.withLock { $0.watched[ticket]?.isLate == true } }

    private func end(_ ticket: UInt64) { state.withLock { $0.watched[ticket] = nil } }

    private func watch() async {
        while let late = takeLate(now: .now) {
            for cancel in late { cancel() }
            try? await Task.sleep(for: Self.tick)
        }
    }

    /// Those to cancel now; `nil` where nobody is left to be watched.
    private func takeLate(now: ContinuousClock.Instant) -> [@Sendable () -> Void]? {
        state.withLock { state in
            guard !state.watched.isEmpty else {
                state.isTicking = false
                return nil
            }
            let late = state.watched.filter { $0.value.deadline <= now && $0.value.cancel != nil }.map(\.key)
            return late.compactMap { ticket in
                state.watched[ticket]?.isLate = true
                return state.watched[ticket]?.cancel.take()
            }
        }
    }
}
