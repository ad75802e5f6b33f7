import Synchronization

/// Availability, and the end.
extension RedisExchange {
    var isAvailable: Bool { state.withLock { $0.isAvailable } }
    var commandsInFlight: Int { state.withLock { $0.calls.commandCount } }

    /// The state now, then each transition; ends when the client has shut down.
    func availability() -> AsyncStream<Bool> {
        let (stream, continuation) = AsyncStream.makeStream(of: Bool.self)
        let id = nextTicket()
        let isOver = state.withLock { state in
            if case .closed = state.status { return true }
            state.observers[id] = continuation
            continuation.yield(state.isAvailable)
            return false
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.observers.removeValue(forKey: id) }
        }
        if isOver { continuation.finish() }
        return stream
    }

    /// Refuses new commands from now on.
    func stopAccepting() {
        state.withLock { state in
            let wasAvailable = state.isAvailable
            state.isClosing = true
            if wasAvailable { state.announce(false) }
        }
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
        let observers = state.withLock { state in
            state.status = .closed
            state.isClosing = true
            defer { state.observers = [:] }
            return Array(state.observers.values)
        }
        // Outside of the lock, since it calls `onTermination`.
        for observer in observers { observer.finish() }
    }
}

extension RedisExchange.State {
    /// Under the lock, so that transitions are told in their order.
    func announce(_ isAvailable: Bool) {
        for observer in observers.values { observer.yield(isAvailable) }
    }

    mutating func takeDrainer() -> UnsafeContinuation<Void, Never>? {
        calls.waiterCount == 0 ? drainer.take() : nil
    }
}
