import DequeModule
import Synchronization

/// Lets a few through at a time, in the order in which they came.
///
/// A crowd at the door would otherwise be handed on at once to whoever answers for it, where most calls would run out
/// of time while they wait for a connection, and be asked again.
final class Turnstile: Sendable {
    private struct State {
        var free: Int
        var line = Deque<(number: Int, turn: CheckedContinuation<Void, any Error>)>()
        var next = 0
    }

    private let state: Mutex<State>

    init(width: Int) { state = Mutex(State(free: width)) }

    /// Runs `body` when it is its turn.
    ///
    /// - Throws: `CancellationError` where the caller was cancelled in the line.
    func pass<T>(_ body: () async throws -> T) async throws -> T {
        try await enter()
        defer { leave() }
        return try await body()
    }

    private func enter() async throws {
        let number = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { turn in
                let verdict: Result<Void, any Error>? = state.withLock { state in
                    // Who is cancelled from here on is found in the line.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    guard state.free > 0 else {
                        state.line.append((number, turn))
                        return nil
                    }
                    state.free -= 1
                    return .success(())
                }
                if let verdict { turn.resume(with: verdict) }
            }
        } onCancel: {
            giveUp(number)
        }
    }

    private func giveUp(_ number: Int) {
        let turn = state.withLock { state in
            state.line.firstIndex { $0.number == number }.map { state.line.remove(at: $0).turn }
        }
        turn?.resume(throwing: CancellationError())
    }

    private func leave() {
        let next = state.withLock { state in
            let next = state.line.popFirst()
            if next == nil { state.free += 1 }
            return next
        }
        next?.turn.resume()
    }
}
