/// What went wrong between a caller and its rows.
///
/// `description` holds no values of rows or parameters, so it may be logged anywhere; `debugDescription` has the
/// server's detail, which may quote them. A cancelled task gets `CancellationError` instead.
public struct PGError: Error, Sendable {
    /// A struct, so that a new kind breaks no `switch` of a caller.
    public struct Kind: Hashable, Sendable, CustomStringConvertible {
        public let description: String

        /// The server refused the statement; `sqlState` says why.
        public static let server = Kind(description: "server")
        /// The server is away, or went away during the statement: whether that one took effect is not known.
        public static let connection = Kind(description: "connection")
        /// The statement timeout passed, by the server's clock or by ours.
        public static let timeout = Kind(description: "timeout")
        /// No link became free in time, or too many callers wait already.
        public static let poolExhausted = Kind(description: "pool exhausted")
        /// The pool has been shut down.
        public static let closed = Kind(description: "closed")
        /// A value has another type than the one asked for; the statement itself succeeded.
        public static let decoding = Kind(description: "decoding")
        /// A parameter could not be encoded; nothing was sent.
        public static let encoding = Kind(description: "encoding")
        /// The API was used against its rules, for example two statements at once in one transaction.
        public static let misuse = Kind(description: "misuse")
        /// A migration cannot be applied; the message names it.
        public static let migration = Kind(description: "migration")
    }

    /// The step of a transaction that failed.
    public enum Phase: Sendable, Hashable {
        case begin, statement, commit, rollback
    }

    public var kind: Kind
    public var message: String
    /// The five characters of the SQL standard; nil when the error did not come from the server.
    public var sqlState: String?
    public var phase: Phase = .statement
    public var constraint: String?
    public var schema: String?
    public var table: String?
    public var column: String?
    public var detail: String?
    public var hint: String?
    /// The text of the statement, with `$n` for its values.
    public var sql: String?
    /// When a rollback failed: the error for which the transaction was to be rolled back.
    public var bodyError: (any Error)?

    public init(_ kind: Kind, _ message: String, sqlState: String? = nil) {
        self.kind = kind
        self.message = message
        self.sqlState = sqlState
    }
}

extension PGError {
    public var isUniqueViolation: Bool { sqlState == "23505" }
    public var isForeignKeyViolation: Bool { sqlState == "23503" }
    public var isCheckViolation: Bool { sqlState == "23514" }
    /// Nothing was done, and the same transaction may succeed when it is run again.
    public var isSerializationFailure: Bool { sqlState == "40001" || sqlState == "40P01" }

    /// The database cannot serve this caller now: away, going away, overloaded or too slow. Another try may succeed.
    public var isUnavailable: Bool {
        switch kind {
        case .connection, .timeout, .poolExhausted, .closed: true
        default: sqlState.map { $0.hasPrefix("53") || $0.hasPrefix("57P") || $0 == "25006" } ?? false
        }
    }

    /// The connection broke during COMMIT: the transaction may or may not have taken effect.
    public var isOutcomeUnknown: Bool { phase == .commit && (kind == .connection || kind == .timeout) }

    func during(_ phase: Phase) -> PGError {
        var copy = self
        copy.phase = phase
        return copy
    }
}

extension PGError: CustomStringConvertible, CustomDebugStringConvertible {
    public var description: String {
        var text = "postgres \(kind)"
        if phase != .statement { text += " in \(phase)" }
        if let sqlState { text += " \(sqlState)" }
        text += ": \(message)"
        if let constraint { text += " [\(constraint)]" }
        return text
    }

    public var debugDescription: String {
        let extras = [("detail", detail), ("hint", hint), ("table", table), ("column", column), ("sql", sql)]
        let lines = extras.compactMap { name, value in value.map { "\n  \(name): \($0)" } }
        return description + lines.joined() + (bodyError.map { "\n  after: \(String(reflecting: $0))" } ?? "")
    }
}
