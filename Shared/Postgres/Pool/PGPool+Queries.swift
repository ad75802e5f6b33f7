extension PGPool {
    /// Runs one statement by itself and answers with its rows.
    ///
    /// When the task is cancelled the server is asked to stop; a statement that was finished by then still answers.
    /// - Throws: `PGError`, `CancellationError`
    @discardableResult
    public func query(_ query: PGQuery) async throws -> [PGRow] {
        try await result(of: query).rows
    }

    /// Runs one statement by itself and answers with the number of rows it touched.
    ///
    /// - Throws: `PGError`, `CancellationError`
    @discardableResult
    public func execute(_ query: PGQuery) async throws -> Int {
        try await result(of: query).affectedRows
    }

    /// Runs several statements in one round trip and one transaction: all take effect, or none. Answers with the rows
    /// of each.
    ///
    /// - Throws: `PGError` of the first that failed, `CancellationError`
    @discardableResult
    public func pipeline(_ queries: [PGQuery]) async throws -> [[PGRow]] {
        try await withLink { try await $0.run(queries) }.map(\.rows)
    }

    private func result(of query: PGQuery) async throws -> PGResult {
        let link = try await acquire()
        defer { release(link) }
        do {
            return try await link.run(query)
        } catch let error as PGError where error.isStaleStatement {
            // A table changed under the prepared plan. Nothing ran, and the link has forgotten the statement.
            return try await link.run(query)
        }
    }
}
