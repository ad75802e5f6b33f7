import CHiredis
import Glibc
import IOReactor

/// One connection. Lives on the reactor's thread, where all of hiredis's calls are made.
///
/// It uses hiredis's non-blocking context and its reader, not its callbacks: replies come in the order of the
/// commands, so the exchange knows whose they are, and no C code calls back into Swift.
actor RedisLink {
    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    let configuration: RedisConfiguration
    let exchange: RedisExchange
    private let reactor: Reactor
    private var context: UnsafeMutablePointer<redisContext>?
    var lastHeard = ContinuousClock.now

    init(_ configuration: RedisConfiguration, exchange: RedisExchange, reactor: Reactor) {
        self.configuration = configuration
        self.exchange = exchange
        self.reactor = reactor
    }

    /// Connects, authenticates, selects the database and hears a first reply.
    func connect() async throws(RedisError) {
        let deadline = ContinuousClock.now + configuration.connectTimeout
        // Resolving a host name may block: it blocks this thread, which is ours alone.
        context = redisConnectNonBlock(configuration.host, Int32(configuration.port))
        try check()
        // hiredis forgets it: a child would keep the connection open.
        if let context { _ = fcntl(context.pointee.fd, F_SETFD, FD_CLOEXEC) }
        try await wait(.write, until: deadline)
        try checkConnected()
        let commands = configuration.greeting
        for command in commands { try append(command.bytes) }
        try await flush(until: deadline)
        var replies: [RedisValue] = []
        while replies.count < commands.count {
            try await wait(.read, until: deadline)
            replies += try receive() ?? []
        }
        for (command, reply) in zip(commands, replies) {
            if case .error(let text) = reply {
                throw RedisError(.unavailable, "the server refuses: \(text)", command: command.name)
            }
        }
        lastHeard = .now
    }

    var socket: Int32 {
        get throws(RedisError) {
            guard let context else { throw .closing }
            return context.pointee.fd
        }
    }

    /// Writes and reads until the connection breaks, which it throws, or the task is cancelled.
    func serve() async throws(RedisError) {
        let outcome = await withTaskGroup(of: RedisError.self) { group in
            group.addTask { await self.write() }
            group.addTask { await self.read() }
            let outcome = await group.next()
            group.cancelAll()
            return outcome
        }
        if let outcome { throw outcome }
    }

    /// Frees the socket. Nothing may be under way.
    func close() {
        if let context { redisFree(context) }
        context = nil
    }

    // MARK: - hiredis

    func append(_ bytes: [UInt8]) throws(RedisError) {
        _ = bytes.withUnsafeBytes { redisAppendFormattedCommand(context, $0.baseAddress, $0.count) }
        try check()
    }

    /// Writes everything appended, waiting for room in the socket where there is none.
    func flush(until deadline: ContinuousClock.Instant?) async throws(RedisError) {
        while true {
            var isDone: Int32 = 0
            _ = redisBufferWrite(context, &isDone)
            try check()
            if isDone != 0 { return }
            try await wait(.write, until: deadline)
        }
    }

    /// All replies that have arrived; nil where there were no bytes.
    func receive() throws(RedisError) -> [RedisValue]? {
        guard let reader = context?.pointee.reader else { throw .closing }
        var replies: [RedisValue] = []
        var isHeard = false
        // Bounded, so that a flood of replies leaves the writer its turn.
        for _ in 0..<32 {
            let before = reader.pointee.len
            _ = redisBufferRead(context)
            try check()
            let count = reader.pointee.len - before
            if count > 0 { isHeard = true }
            while let reply = try nextReply() { replies.append(reply) }
            // Less than hiredis reads at a time: the socket is empty.
            if count < 16 * 1024 { break }
        }
        return isHeard ? replies : nil
    }

    private func nextReply() throws(RedisError) -> RedisValue? {
        var reply: UnsafeMutableRawPointer?
        _ = redisGetReplyFromReader(context, &reply)
        try check()
        guard let reply else { return nil }
        defer { freeReplyObject(reply) }
        return RedisValue(copying: reply.assumingMemoryBound(to: redisReply.self))
    }

    func wait(_ interest: Interest, until deadline: ContinuousClock.Instant?) async throws(RedisError) {
        guard let context else { throw .closing }
        do {
            _ = try await reactor.ready(context.pointee.fd, interest, deadline: deadline)
        } catch is CancellationError {
            throw .closing
        } catch is DeadlineExceeded {
            throw RedisError(.timeout, "the server did not answer")
        } catch {
            throw RedisError(.unavailable, "\(error)")
        }
    }

    private func check() throws(RedisError) {
        guard let context else { throw RedisError(.unavailable, "not connected") }
        guard context.pointee.err != 0 else { return }
        let reason = withUnsafeBytes(of: &context.pointee.errstr) { bytes in
            String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
        }
        throw RedisError(.unavailable, reason)
    }

    /// What became of a connect that was under way.
    private func checkConnected() throws(RedisError) {
        guard let context else { throw .closing }
        var code: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(context.pointee.fd, SOL_SOCKET, SO_ERROR, &code, &size)
        if code != 0 { throw RedisError(.unavailable, String(cString: strerror(code))) }
    }
}

extension RedisConfiguration {
    /// What is said on a new connection; the last shows that the server is of use.
    fileprivate var greeting: [RedisCommand] {
        var commands: [RedisCommand] = []
        if let password {
            commands.append(RedisCommand("AUTH", arguments: username.map { [$0, password] } ?? [password]))
        }
        if database != 0 { commands.append(RedisCommand("SELECT", database)) }
        commands.append(RedisCommand("CLIENT", "SETNAME", clientName))
        commands.append(RedisProbe.command)
        return commands
    }
}

extension RedisError {
    static var closing: RedisError { RedisError(.closed, "the client is shut down") }
}
