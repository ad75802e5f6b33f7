/// Why a command has no answer, or the error it was answered with. Names the command, never its arguments.
public struct RedisError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// Redis is away, or went away before it answered: the command may or may not have run.
        case unavailable
        /// No answer within the command's deadline: the command may or may not have run.
        case timeout
        /// Redis answered with an error; `code` is its first word, e.g. `WRONGTYPE`.
        case server(code: String)
        /// The client is shut down.
        case closed
        /// The calling task was cancelled: the command may or may not have run.
        case cancelled
        /// A command that cannot share a connection (`SUBSCRIBE`, `BLPOP`, …).
        case unsupported
        /// The URL is malformed.
        case configuration
    }

    public var kind: Kind
    public var message: String
    /// The command's name.
    public var command: String?

    public init(_ kind: Kind, _ message: String, command: String? = nil) {
        self.kind = kind
        self.message = message
        self.command = command
    }

    /// Whether Redis could not be asked, as opposed to having refused: callers fall back to another way.
    public var isUnavailable: Bool {
        switch kind {
        case .unavailable, .timeout, .closed: true
        case .server(let code): Self.transientCodes.contains(code)
        case .cancelled, .unsupported, .configuration: false
        }
    }

    /// The first word of Redis's error, where that is what happened.
    public var code: String? {
        if case .server(let code) = kind { code } else { nil }
    }

    public var description: String {
        let name = command.map { " (\($0))" } ?? ""
        return switch kind {
        case .unavailable: "redis is away\(name): \(message)"
        case .timeout: "redis did not answer in time\(name): \(message)"
        case .server: "redis refused\(name): \(message)"
        case .closed, .cancelled, .unsupported, .configuration: "redis\(name): \(message)"
        }
    }

    /// Errors of a server that is up but cannot serve for now.
    private static let transientCodes: Set<String> = ["LOADING", "BUSY", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN"]

    /// Reads an error reply, `CODE some words`.
    static func server(_ text: String, command: String?) -> RedisError {
        let code = text.prefix { $0 != " " }
        return RedisError(.server(code: String(code)), text, command: command)
    }
}
