private import Synchronization

/// Rouses loops that otherwise look only now and then. A call that finds nobody waiting ends the next wait at once: what
/// was called for between a look and the wait after it is not slept over.
public final class Wakeup: Sendable {
    private struct State {
        var nextID = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
        var isCalled = false
    }

    private let state = Mutex(State())

    public init() {}

    /// Wakes everybody who waits.
    public func call() {
        let waiting = state.withLock { state in
            state.isCalled = state.waiting.isEmpty
            defer { state.waiting.removeAll() }
            return state.waiting.values.map { $0 }
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Waits for a call, for `interval` at most, or until the task is cancelled.
    public func wait(atMost interval: Duration) async {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.enlist(id) }
            group.addTask { try? await Task.sleep(for: interval) }
            await group.next()
            group.cancelAll()
        }
    }

    private func enlist(_ id: Int) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isLate = state.withLock { state in
                    if Task.isCancelled || state.isCalled {
                        state.isCalled = false
                        return true
                    }
                    state.waiting[id] = continuation
                    return false
                }
                if isLate { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: id) }?.resume()
        }
    }
}
