internal import Synchronization

/// An open transaction, valid while the closure that was given it runs. Its statements run one after another.
public struct PGTransaction: Sendable {
    let core: PGTransactionCore

    /// Runs a statement and answers with its rows.
    ///
    /// After an error the transaction is failed: only a `savepoint` around the statement saves the rest.
    /// - Throws: `PGError`, `CancellationError`
    @discardableResult
    public func query(_ query: PGQuery) async throws -> [PGRow] {
        try await core.run([query])[0].rows
    }

    /// Runs a statement and answers with the number of rows it touched.
    ///
    /// - Throws: `PGError`, `CancellationError`
    @discardableResult
    public func execute(_ query: PGQuery) async throws -> Int {
        try await core.run([query])[0].affectedRows
    }

    /// Runs several statements in one round trip; answers with the rows of each.
    ///
    /// - Throws: `PGError` of the first that failed (the later ones did not run), `CancellationError`
    @discardableResult
    public func pipeline(_ queries: [PGQuery]) async throws -> [[PGRow]] {
        try await core.run(queries).map(\.rows)
    }

    /// Sends a statement together with the next one, or with the commit: it costs no round trip of its own. Its error is
    /// thrown by what it travels with.
    public func executeLater(_ query: PGQuery) throws {
        try core.defer(query)
    }

    /// Takes the advisory lock called `name` until the transaction ends; waits for whoever holds it.
    public func lock(_ name: String) async throws {
        try await execute("SELECT pg_advisory_xact_lock(hashtextextended(\(name), 0))")
    }

    /// Runs `body`; when it throws, what it did is undone, the error is rethrown and the transaction goes on being
    /// usable.
    @discardableResult
    public func savepoint<T: Sendable>(_ body: () async throws -> T) async throws -> T {
        let savepoint = try core.beginSavepoint()
        do {
            let value = try await body()
            try core.defer("RELEASE SAVEPOINT \(unescaped: savepoint.name)")
            return value
        } catch {
            try await core.undo(to: savepoint, because: error)
            throw error
        }
    }
}

/// The state behind a `PGTransaction`. BEGIN is not sent before the first statement, and with it.
final class PGTransactionCore: Sendable {
    struct Savepoint {
        let name: String
        /// How many flights had been sent, and where its SAVEPOINT waits if none is sent until its end.
        let flights: Int
        let position: Int
    }

    private struct State {
        var pending: [PGQuery]
        var hasBegun = false
        var hasEnded = false
        var flights = 0
        var savepoints = 0
    }

    let link: PGLink
    private let state: Mutex<State>

    init(_ link: PGLink, _ isolation: PGIsolation) {
        self.link = link
        state = Mutex(State(pending: [isolation.begin]))
    }

    /// Whether statements wait for a commit to carry them, or have been sent already.
    private var hasWork: Bool {
        state.withLock { $0.hasBegun || $0.pending.count > 1 }
    }

    func run(_ queries: [PGQuery], ignoringCancellation: Bool = false) async throws -> [PGResult] {
        let (pending, isFirst) = try takePending()
        do {
            return try await link.run(queries, after: pending, ignoringCancellation: ignoringCancellation)
        } catch let error as PGError where isFirst && error.sql == pending.first?.sql {
            throw error.during(.begin)
        }
    }

    func `defer`(_ query: PGQuery) throws {
        try query.checkEncoding()
        try state.withLock { state in
            guard !state.hasEnded else { throw Self.ended }
            state.pending.append(query)
        }
    }

    private func takePending() throws -> (pending: [PGQuery], isFirst: Bool) {
        try state.withLock { state in
            guard !state.hasEnded else { throw Self.ended }
            defer {
                state.pending = []
                state.hasBegun = true
                state.flights += 1
            }
            return (state.pending, !state.hasBegun)
        }
    }

    private static let ended = PGError(.misuse, "the transaction has ended")

    // MARK: - Savepoints

    func beginSavepoint() throws -> Savepoint {
        try state.withLock { state in
            guard !state.hasEnded else { throw Self.ended }
            state.savepoints += 1
            let name = "p\(state.savepoints)"
            defer { state.pending.append("SAVEPOINT \(unescaped: name)") }
            return Savepoint(name: name, flights: state.flights, position: state.pending.count)
        }
    }

    func undo(to savepoint: Savepoint, because bodyError: any Error) async throws {
        let neverSent = state.withLock { state in
            guard state.flights == savepoint.flights else {
                state.pending = []
                return false
            }
            state.pending.removeSubrange(savepoint.position...)
            return true
        }
        guard !neverSent, !link.isInDoubt else { return }
        do {
            let name = savepoint.name
            _ = try await run(["ROLLBACK TO SAVEPOINT \(unescaped: name)"], ignoringCancellation: true)
        } catch var error as PGError {
            error.phase = .rollback
            error.bodyError = bodyError
            throw error
        }
    }

    // MARK: - The end

    func commit() async throws {
        guard hasWork else { return end() }
        let result: PGResult
        do {
            result = try await run(["COMMIT"], ignoringCancellation: true)[0]
        } catch let error as PGError {
            // An error of a statement that travelled with the COMMIT is that statement's.
            let isOfCommit = error.sql == nil || error.sql == "COMMIT"
            throw isOfCommit ? error.during(.commit) : error
        }
        end()
        guard result.commandTag == "COMMIT" else {
            let message = "the transaction was rolled back, for a statement in it had failed"
            throw PGError(.server, message, sqlState: "25P02").during(.commit)
        }
    }

    /// - Throws: `PGError` in the phase `.rollback`; the link is not usable then.
    func rollback(because bodyError: any Error) async throws {
        state.withLock { $0.pending = [] }
        defer { end() }
        // On a broken link the server rolls back by itself.
        guard !link.isInDoubt, link.isInTransaction else { return }
        do {
            _ = try await run(["ROLLBACK"], ignoringCancellation: true)
        } catch var error as PGError {
            link.isInDoubt = true
            error.phase = .rollback
            error.bodyError = bodyError
            throw error
        }
    }

    private func end() {
        state.withLock { $0.hasEnded = true }
    }
}
