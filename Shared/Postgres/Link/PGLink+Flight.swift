internal import CLibPQ
internal import IOReactor
internal import Synchronization

/// A flight is what one round trip carries: statements sent together, up to one point of synchronisation. When one
/// fails, the server skips the rest.
extension PGLink {
    /// Runs `query` and answers with its result; `prelude` goes before it in the same flight.
    ///
    /// - Parameter ignoringCancellation: for COMMIT and ROLLBACK, whose outcome somebody has to know.
    /// - Throws: `PGError`, or `CancellationError` when the server gave the statement up for this task.
    func run(
        _ query: PGQuery, after prelude: [PGQuery] = [], ignoringCancellation: Bool = false
    ) async throws -> PGResult {
        try takeOff(ignoringCancellation: ignoringCancellation)
        defer { land() }
        var flight = PGFlight()
        try query.checkEncoding()
        for other in prelude { try flight.add(other, isWanted: false, to: self) }
        try flight.add(query, isWanted: true, to: self)
        try await fly(&flight, ignoringCancellation: ignoringCancellation)
        guard let result = flight.result else { throw PGError(.connection, "the server sent no answer") }
        return result
    }

    /// Runs `queries` in one round trip and answers with a result for each.
    func run(
        _ queries: [PGQuery], after prelude: [PGQuery] = [], ignoringCancellation: Bool = false
    ) async throws -> [PGResult] {
        try takeOff(ignoringCancellation: ignoringCancellation)
        defer { land() }
        var flight = PGFlight()
        for query in queries { try query.checkEncoding() }
        for query in prelude { try flight.add(query, isWanted: false, to: self) }
        for query in queries { try flight.add(query, isWanted: true, to: self) }
        try await fly(&flight, ignoringCancellation: ignoringCancellation)
        return flight.results
    }

    /// Makes sure that the caller is alone and the link is sound.
    func takeOff(ignoringCancellation: Bool) throws {
        if !ignoringCancellation { try Task.checkCancellation() }
        guard !isFlying.exchange(true, ordering: .acquiring) else {
            throw PGError(.misuse, "the statements of one transaction run one after another, not at once")
        }
        guard !isInDoubt else {
            land()
            throw PGError(.connection, "the connection was lost before")
        }
    }

    func land() {
        isFlying.store(false, ordering: .releasing)
    }

    private func fly(_ flight: inout PGFlight, ignoringCancellation: Bool) async throws {
        guard flight.hasStatements else { return }
        guard PQpipelineSync(connection) == 1 else { throw PGError(connection: connection) }
        var wait = PGWait(self, ignoringCancellation: ignoringCancellation)
        if PQflush(connection) != 0 { try await flush(&wait) }
        repeat {
            if PQisBusy(connection) != 0 { try await awaitResult(&wait) }
        } while try flight.receive(from: self)
        isInDoubt = flight.failure?.meansWrongHost == true
        if wait.isCancelled, await !wait.settleCancellation() { isInDoubt = true }
        guard let failure = flight.failure else { return }
        if failure.sqlState == "57014", wait.isCancelled { throw CancellationError() }
        throw failure
    }

    /// Sends what libpq could not send at once.
    func flush(_ wait: inout PGWait) async throws {
        while true {
            let status = PQflush(connection)
            guard status != 0 else { return }
            guard status == 1 else { throw lost() }
            // The server may be unable to read on before we have read what it says.
            if try await wait.ready(.readWrite).contains(.read), PQconsumeInput(connection) == 0 { throw lost() }
        }
    }

    /// Returns when the next result, or the end of the connection, can be had without waiting.
    func awaitResult(_ wait: inout PGWait) async throws {
        repeat {
            _ = try await wait.ready(.read)
            // Not an error yet: the server's last words may be in the buffer.
            if PQconsumeInput(connection) == 0 { return }
        } while PQisBusy(connection) != 0
    }

    /// What to say about a connection that broke, preferring the server's last words to libpq's.
    func lost() -> PGError {
        while let raw = PQgetResult(connection) {
            defer { PQclear(raw) }
            let status = PQresultStatus(raw)
            if status == PGRES_FATAL_ERROR { return PGError(result: raw, sql: nil) }
            if status == PGRES_PIPELINE_SYNC { break }
        }
        return PGError(connection: connection)
    }
}
