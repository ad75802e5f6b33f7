/// One of several callers who share a link's round trip, while it waits for it.
struct PGCompanion: Sendable {
    enum Turn: Sendable {
        /// The caller sends its statement and those of the others, and tells them what came back.
        case lead(PGLink, [PGCompanion])
        /// Another caller has.
        case answer(PGResult)
    }

    let query: PGQuery
    let turn: UnsafeContinuation<Turn, any Error>
}

extension PGPool {
    /// Reads by one statement that is quick and waits for no lock; answers with its rows.
    ///
    /// A lone read leaves at once. While a quarter of the pool's links carry reads, those that come gather, and up to
    /// eight leave together on the next of these links: each a transaction of its own, answered in turn. So a crowd of
    /// readers costs neither side a round trip each, nor takes the links of those who write. In company a statement is
    /// not given up when its task is cancelled: the statement timeout ends it, and so the wait.
    /// - Throws: `PGError`, `CancellationError`
    public func read(_ query: PGQuery) async throws -> [PGRow] {
        do {
            return try await shared(query).rows
        } catch let error as PGError where error.isStaleStatement {
            return try await self.query(query)
        }
    }

    private func shared(_ query: PGQuery) async throws -> PGResult {
        // Here, lest it fail the others.
        try query.checkEncoding()
        if let link = takeIdle(toShare: true) { return try await lead(link, query, []) }
        switch try await wait(toShare: true, { .sharing(PGCompanion(query: query, turn: $0)) }) as PGCompanion.Turn {
        case .lead(let link, let others): return try await lead(link, query, others)
        case .answer(let result): return result
        }
    }

    private func lead(_ link: PGLink, _ query: PGQuery, _ others: [PGCompanion]) async throws -> PGResult {
        defer { release(link, wasShared: true) }
        guard !others.isEmpty else { return try await link.run(query) }
        var own: Result<PGResult, any Error>?
        await link.run(apart: [query] + others.map(\.query)) { position, result in
            if position == 0 {
                own = result
            } else {
                others[position - 1].turn.resume(with: result.map { .answer($0) })
            }
        }
        return try (own ?? .failure(PGError(.connection, "the server sent no answer"))).get()
    }
}
