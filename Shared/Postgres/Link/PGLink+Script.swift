internal import CLibPQ

extension PGLink {
    /// Runs trusted SQL of several statements, without parameters, and drops its rows. Stops at the first error.
    ///
    /// - Throws: `PGError`, `CancellationError`
    func runScript(_ sql: String) async throws {
        try takeOff(ignoringCancellation: false)
        defer { land() }
        isInDoubt = true
        // Only the simple protocol takes several statements, and it is not to be had in pipeline mode.
        guard PQexitPipelineMode(connection) == 1, PQsendQuery(connection, sql) == 1 else {
            throw PGError(connection: connection)
        }
        var wait = PGWait(self, ignoringCancellation: false)
        try await flush(&wait)
        let failure = try await drain(&wait)
        isInDoubt = await !wait.settleCancellation() || PQenterPipelineMode(connection) != 1
        guard let failure else { return }
        if failure.sqlState == "57014", wait.isCancelled { throw CancellationError() }
        throw failure
    }

    /// Reads all results; answers with the first error.
    private func drain(_ wait: inout PGWait) async throws -> PGError? {
        var failure: PGError?
        while true {
            if PQisBusy(connection) != 0 { try await awaitResult(&wait) }
            guard let raw = PQgetResult(connection) else { return failure }
            defer { PQclear(raw) }
            if PQresultStatus(raw) == PGRES_FATAL_ERROR { failure = failure ?? PGError(result: raw, sql: nil) }
            if PQstatus(connection) != CONNECTION_OK { throw failure ?? PGError(connection: connection) }
        }
    }
}
