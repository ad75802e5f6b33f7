internal import IOReactor
internal import ServiceLifecycle
internal import Synchronization

extension PGPool {
    /// Has `run()` prepare the database first, with migrations for instance. Until that is done every call fails as it does
    /// while the database is away, so that a service is there, and says what is missing, whenever it starts.
    ///
    /// - Parameter preparation: waits by itself for a database that is away; whatever else it throws ends `run()`.
    public func serve(after preparation: @escaping @Sendable () async throws -> Void) {
        state.withLock { state in
            state.preparation = preparation
            state.machine.isHeld = true
        }
    }

    /// Opens a first link, and at graceful shutdown (or cancellation) closes the pool: new callers and those that wait
    /// fail with `.closed`; links still in use are closed as they come back, which `run()` awaits for up to the statement
    /// timeout. A database that is away is no error.
    public func run() async throws {
        do {
            try await prepare()
            update { $0.start() }
            try? await gracefulShutdown()
        } catch is CancellationError {
            // Shut down before anybody was served.
        } catch {
            await close()
            throw error
        }
        await close()
    }

    private func prepare() async throws {
        guard let preparation = state.withLock({ $0.preparation.take() }) else { return }
        try await cancelWhenGracefulShutdown { try await preparation() }
        state.withLock { $0.machine.isHeld = false }
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
