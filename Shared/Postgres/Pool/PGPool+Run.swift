internal import IOReactor
internal import ServiceLifecycle
internal import Synchronization

extension PGPool {
    /// Opens a first link, and at graceful shutdown (or cancellation) closes the pool: new callers and those that wait
    /// fail with `.closed`; links still in use are closed as they come back, which `run()` awaits for up to the statement
    /// timeout. A database that is away is no error.
    public func run() async throws {
        update { $0.start() }
        try? await gracefulShutdown()
        await close()
    }

    /// Ends the pool as `run()` does at its end, for those who do not run it in a service group. Whoever calls it waits.
    public func close() async {
        update { $0.shutDown() }
        let limit = configuration.statementTimeout + configuration.answerGrace
        reactor.schedule(at: .now + limit) { [weak self] in self?.resumeClosers() }
        await withCheckedContinuation { continuation in
            let isDrained = state.withLock { state in
                if !state.isDrained { state.closers.append(continuation) }
                return state.isDrained
            }
            if isDrained { continuation.resume() }
        }
    }
}
