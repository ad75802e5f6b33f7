import IOReactor
import Synchronization

/// Availability, and the end.
extension RedisExchange {
    var isAvailable: Bool { state.withLock { $0.isAvailable } }

    func isAnswering(within time: Duration) -> Bool {
        state.withLock { state in
            state.isAvailable && state.calls.oldest.map { .now - $0 < time } ?? true
        }
    }

    var commandsInFlight: Int { state.withLock { $0.calls.commandCount } }

    /// The state now, then each transition; ends when the client has shut down.
    func availability() -> AsyncStream<Bool> { watched.watch(.unbounded) }

    /// Tells how things are now, not under the state's lock.
    func announce() { watched.update { isAvailable } }

    /// Refuses new commands from now on.
    func stopAccepting() {
        state.withLock { $0.isClosing = true }
        announce()
    }

    /// Returns once nobody waits for a reply any more, after `stopAccepting()`, or when cancelled.
    func drained() async {
        await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                let ready = state.withLock { state in
                    if state.calls.waiterCount == 0 || Task.isCancelled { return true }
                    state.drainer = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.drainer.take() }?.resume()
        }
    }

    /// The end: there will be no other connection.
    func close() {
        state.withLock { state in
            state.status = .closed
            state.isClosing = true
        }
        announce()
        watched.finish()
    }
}

extension RedisExchange.State {
    mutating func takeDrainer() -> UnsafeContinuation<Void, Never>? {
        calls.waiterCount == 0 ? drainer.take() : nil
    }
}
