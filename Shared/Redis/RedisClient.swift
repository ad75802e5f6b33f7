import IOReactor
public import Logging
public import ServiceLifecycle

/// Redis, over one connection that all callers share.
///
/// Commands of concurrent callers travel together and are answered in order. While Redis is away every call
/// fails at once with `unavailable`; the client reconnects by itself for as long as `run()` runs. Nothing is sent
/// twice: a command that was under way when the connection broke fails, and may have run.
public final class RedisClient: Service {
    let configuration: RedisConfiguration
    let logger: Logger
    let exchange: RedisExchange

    /// Connects when `run()` is called.
    public init(_ configuration: RedisConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        exchange = RedisExchange(timeout: configuration.commandTimeout, maxInFlight: configuration.maxInFlight)
    }

    /// Keeps a connection until graceful shutdown, which lets commands under way end (one `commandTimeout` at most),
    /// or cancellation, which fails them.
    public func run() async throws {
        let supervisor = RedisSupervisor(configuration: configuration, exchange: exchange, logger: logger)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await supervisor.run() }
            group.addTask { [exchange] in
                try? await gracefulShutdown()
                exchange.stopAccepting()
                await exchange.drained()
            }
            await group.next()
            group.cancelAll()
        }
        exchange.close()
    }

    /// Sends one command and returns its reply.
    ///
    /// - Parameter patience: how long the caller waits, to some 50 ms, where that is less than `commandTimeout`.
    /// - Throws: an error reply as `server`; at once `unavailable` while Redis is away; `timeout` when patience ends;
    ///   `cancelled` as soon as the task is.
    public func send(_ command: RedisCommand, patience: Duration? = nil) async throws(RedisError) -> RedisValue {
        let name = command.name
        guard !command.isUnsupported else { throw .unsupported(name) }
        let exchange = exchange, ticket = exchange.nextTicket()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                exchange.submit(
                    command.bytes, commands: 1, asPipeline: false, ticket: ticket, patience: patience,
                    waiter: .command(continuation))
            }
        } onCancel: {
            exchange.cancel(ticket)
        }
        switch result {
        case .success(.error(let text)):
            guard let reload = command.reloading, text.hasPrefix("NOSCRIPT") else {
                throw .server(text, command: name)
            }
            return try await send(reload, patience: patience)
        case .success(let value): return value
        case .failure(let error): throw error.naming(name)
        }
    }

    /// Sends commands in one write, with no other caller's between them, and returns their results in order.
    ///
    /// A script the server had forgotten runs after the others.
    ///
    /// - Throws: what ends them all, as `send` does; each command's own error is in its result.
    public func pipeline(
        _ commands: [RedisCommand], patience: Duration? = nil
    ) async throws(RedisError) -> [Result<RedisValue, RedisError>] {
        guard !commands.isEmpty else { return [] }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(commands.reduce(0) { $0 + $1.bytes.count })
        for command in commands {
            guard !command.isUnsupported else { throw .unsupported(command.name) }
            bytes.append(contentsOf: command.bytes)
        }
        let values = try await sendPipeline(
            bytes, count: commands.count, name: commands[0].name, patience: patience)
        var results = zip(commands, values).map { command, value in value.result(of: command) }
        let forgotten = results.indices.filter { results[$0].isForgottenScript && commands[$0].script != nil }
        if !forgotten.isEmpty {
            let again = try await pipeline(forgotten.compactMap { commands[$0].reloading }, patience: patience)
            for (index, result) in zip(forgotten, again) { results[index] = result }
        }
        return results
    }

    private func sendPipeline(
        _ bytes: [UInt8], count: Int, name: String, patience: Duration?
    ) async throws(RedisError) -> [RedisValue] {
        let exchange = exchange, ticket = exchange.nextTicket()
        let result = await withTaskCancellationHandler {
            await withUnsafeContinuation { continuation in
                exchange.submit(
                    bytes, commands: count, asPipeline: true, ticket: ticket, patience: patience,
                    waiter: .pipeline(continuation))
            }
        } onCancel: {
            exchange.cancel(ticket)
        }
        switch result {
        case .success(let values): return values
        case .failure(let error): throw error.naming(name)
        }
    }
}

extension RedisClient {
    /// Calls a script by its SHA-1, and with its text where the server does not know it.
    public func evaluate(
        _ script: RedisScript, keys: [String], arguments: [any RedisArgument] = [], patience: Duration? = nil
    ) async throws(RedisError) -> RedisValue {
        try await send(RedisCommand(evaluating: script, keys: keys, arguments: arguments), patience: patience)
    }

    /// Whether commands are being taken right now.
    public var isAvailable: Bool { exchange.isAvailable }

    /// Whether commands are being taken, and none has waited for its reply for a tenth of a second: for who can do without
    /// Redis, and need not find out in their turn that it is slow.
    public var isAnswering: Bool { exchange.isAnswering(within: .milliseconds(100)) }

    /// Commands that await their replies, for metrics; those of callers who left included.
    public var commandsInFlight: Int { exchange.commandsInFlight }

    /// Whether Redis is there: now, then each change, in order. Ends with the client.
    public func availability() -> AsyncStream<Bool> { exchange.availability() }

    /// Returns once Redis is there; false where the client shut down or the task was cancelled before.
    public func whenAvailable() async -> Bool {
        for await isAvailable in availability() where isAvailable { return true }
        return false
    }
}

extension RedisError {
    fileprivate static func unsupported(_ command: String) -> RedisError {
        RedisError(.unsupported, "cannot share a connection with other commands", command: command)
    }

    fileprivate func naming(_ command: String) -> RedisError {
        RedisError(kind, message, command: command)
    }
}

extension RedisValue {
    fileprivate func result(of command: RedisCommand) -> Result<RedisValue, RedisError> {
        if case .error(let text) = self { .failure(.server(text, command: command.name)) } else { .success(self) }
    }
}

extension Result where Success == RedisValue, Failure == RedisError {
    fileprivate var isForgottenScript: Bool {
        if case .failure(let error) = self { error.code == "NOSCRIPT" } else { false }
    }
}
