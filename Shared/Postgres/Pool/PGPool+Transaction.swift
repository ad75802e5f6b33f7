extension PGPool {
    /// Runs `body` in a transaction on one link: committed when it returns, rolled back when it throws.
    ///
    /// - What `body` throws is rethrown as it is. Failures of the frame around it are `PGError`s whose `phase` is
    ///   `.begin`, `.commit` or `.rollback`; the last carries the body's error as `bodyError`.
    /// - After a lost connection in COMMIT the outcome is not known (`isOutcomeUnknown`); it is never retried.
    /// - BEGIN travels with the first statement, so an empty transaction costs nothing.
    ///
    /// - Parameter retries: how often `body` is run again after a serialization failure or a deadlock. It must be
    ///   harmless to run it again.
    /// - Throws: what `body` throws, `PGError`, `CancellationError`
    @discardableResult
    public func transaction<T: Sendable>(
        isolation: PGIsolation = .readCommitted, retries: Int = 0, _ body: (PGTransaction) async throws -> T
    ) async throws -> T {
        var attempt = 0
        while true {
            do {
                return try await attemptTransaction(isolation, body)
            } catch let error as PGError where error.isSerializationFailure && attempt < retries {
                attempt += 1
                // Losers of the same conflict should not meet again at the same moment.
                let backoff = PGBackoff(minimum: .milliseconds(2), maximum: .milliseconds(100))
                try await Task.sleep(for: backoff.pause(after: attempt, jitter: .random(in: 0..<1)))
            }
        }
    }

    private func attemptTransaction<T: Sendable>(
        _ isolation: PGIsolation, _ body: (PGTransaction) async throws -> T
    ) async throws -> T {
        try await withLink { link in
            let core = PGTransactionCore(link, isolation)
            do {
                let value = try await body(PGTransaction(core: core))
                try await core.commit()
                return value
            } catch {
                try await core.rollback(because: error)
                throw error
            }
        }
    }
}
