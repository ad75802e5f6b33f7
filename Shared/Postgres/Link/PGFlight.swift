internal import CLibPQ

/// What one flight carries, and what has come back of it.
struct PGFlight {
    private enum Step {
        case prepare(PGQuery, name: StatementCache.Name)
        case statement(PGQuery, isWanted: Bool)
        case deallocateAll
    }

    /// The flight's first step and the others: most flights have one, and need no array for it.
    private var first: Step?
    private var others: [Step] = []
    private var position = 0

    /// The first wanted result, and the later ones.
    private(set) var result: PGResult?
    private var laterResults: [PGResult] = []
    private(set) var failure: PGError?

    var hasStatements: Bool { first != nil }
    var results: [PGResult] { result.map { [$0] + laterResults } ?? [] }

    // MARK: - Out

    /// Hands a statement to libpq, prepared before if it is new to the link.
    ///
    /// - Throws: `PGError`
    mutating func add(_ query: PGQuery, isWanted: Bool, to link: PGLink) throws {
        // From here on the link owes answers.
        link.isInDoubt = true
        if let name = link.statements.name(of: query.sql) {
            try execute(query, name, link)
        } else {
            if link.statements.isFull {
                try link.check(PQsendQueryParams(link.connection, "DEALLOCATE ALL", 0, nil, nil, nil, nil, 1))
                link.statements.reset()
                append(.deallocateAll)
            }
            let name = link.statements.newName()
            let types = query.binds.map(\.type)
            try link.check(PQsendPrepare(link.connection, name.text, query.sql, Int32(types.count), types))
            append(.prepare(query, name: name))
            try execute(query, name.text, link)
        }
        append(.statement(query, isWanted: isWanted))
    }

    private func execute(_ query: PGQuery, _ name: String, _ link: PGLink) throws {
        try link.check(query.withParameters { PQsendQueryPrepared(link.connection, name, $0, $1, $2, $3, 1) })
    }

    private mutating func append(_ step: Step) {
        if first == nil {
            first = step
        } else {
            others.append(step)
        }
    }

    // MARK: - In

    /// Takes what libpq has for the flight next, without waiting; false when the flight is over.
    ///
    /// - Throws: `PGError` when the connection is lost.
    mutating func receive(from link: PGLink) throws -> Bool {
        guard let raw = PQgetResult(link.connection) else {
            // The end of one step's results.
            guard PQstatus(link.connection) == CONNECTION_OK, position <= others.count else {
                throw failure ?? link.lost()
            }
            position += 1
            return true
        }
        switch PQresultStatus(raw) {
        case PGRES_PIPELINE_SYNC:
            PQclear(raw)
            return false
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY:
            note(success: PGResult(adopting: raw), link)
        case PGRES_PIPELINE_ABORTED:
            PQclear(raw)
        default:
            defer { PQclear(raw) }
            let error = note(failure: raw, link)
            if failure == nil { failure = error }
            if PQstatus(link.connection) != CONNECTION_OK { throw failure ?? error }
        }
        return true
    }

    private var step: Step? {
        position == 0 ? first : position <= others.count ? others[position - 1] : nil
    }

    private mutating func note(success answer: PGResult, _ link: PGLink) {
        switch step {
        case .prepare(let query, let name): link.statements.remember(query.sql, as: name)
        case .statement(_, isWanted: true):
            if result == nil {
                result = answer
            } else {
                laterResults.append(answer)
            }
        default: break
        }
    }

    private func note(failure raw: OpaquePointer, _ link: PGLink) -> PGError {
        switch step {
        case .prepare(let query, _):
            return PGError(result: raw, sql: query.sql)
        case .statement(let query, _):
            let error = PGError(result: raw, sql: query.sql)
            if error.isStaleStatement { link.statements.forget(query.sql) }
            return error
        default:
            return PGError(result: raw, sql: nil)
        }
    }
}

extension PGLink {
    func check(_ status: Int32) throws {
        guard status == 1 else { throw PGError(connection: connection) }
    }
}
