internal import CRabbitMQ
internal import Glibc

/// One connection as librabbitmq sees it: used by one thread at a time, so not Sendable; the one that opens it hands it
/// over to its link's. Its calls block, each within a deadline.
final class Session {
    let state: amqp_connection_state_t
    private var assembler = ContentAssembler()
    let descriptor: Int32
    let frameMax: Int
    /// As agreed with the broker; zero for none.
    let heartbeat: Duration

    /// Publishing, or consuming.
    static let mainChannel: UInt16 = 1
    /// Declarations and bindings: a refusal closes the channel it happens on, which should not be the main one.
    static let topologyChannel: UInt16 = 2

    private init(state: amqp_connection_state_t, heartbeat: Duration) {
        self.state = state
        self.heartbeat = heartbeat
        descriptor = amqp_get_sockfd(state)
        frameMax = Int(amqp_get_frame_max(state))
    }

    deinit {
        // Also where a handler still holds the wire's descriptor: the broker is to deliver to others what we had.
        shutdown(descriptor, Int32(SHUT_RDWR))
        amqp_destroy_connection(state)
    }

    // MARK: - Opening and closing

    static func connect(
        _ configuration: AMQPConfiguration, to host: AMQPConfiguration.Host
    ) throws(AMQPError) -> Session {
        guard let state = amqp_new_connection() else { throw .unavailable("out of memory") }
        do throws(AMQPError) {
            try openSocket(state, configuration, host)
            try logIn(state, configuration)
        } catch {
            amqp_destroy_connection(state)
            throw error
        }
        let heartbeat = Duration.seconds(amqp_get_heartbeat(state))
        // From here on the link sends the heartbeats: the library would send them in the middle of what `Wire` writes.
        amqp_tune_connection(state, amqp_get_channel_max(state), amqp_get_frame_max(state), 0)
        var timeout = timeval(configuration.operationTimeout)
        amqp_set_rpc_timeout(state, &timeout)
        let session = Session(state: state, heartbeat: heartbeat)
        try session.openChannel(mainChannel)
        try session.openChannel(topologyChannel)
        return session
    }

    private static func openSocket(
        _ state: amqp_connection_state_t, _ configuration: AMQPConfiguration, _ host: AMQPConfiguration.Host
    ) throws(AMQPError) {
        guard let socket = configuration.usesTLS ? amqp_ssl_socket_new(state) : amqp_tcp_socket_new(state) else {
            throw .unavailable("no socket to be had")
        }
        if configuration.usesTLS {
            let status = amqp_ssl_socket_set_cacert(socket, configuration.certificateAuthorities)
            guard status == AMQP_STATUS_OK.rawValue else {
                throw .unavailable("cannot read \(configuration.certificateAuthorities)")
            }
        }
        var timeout = timeval(configuration.connectTimeout)
        let status = amqp_socket_open_noblock(socket, host.name, Int32(host.port), &timeout)
        guard status == AMQP_STATUS_OK.rawValue else {
            throw .unavailable("\(host.name):\(host.port): \(String(cString: amqp_error_string2(status)))")
        }
        guard configuration.usesTLS else { return }
        // The library waits for a full socket to empty; a broker that reads no more ends the connection instead.
        var patience = Int32(clamping: configuration.publishTimeout.wholeMilliseconds)
        setsockopt(
            amqp_get_sockfd(state), Int32(IPPROTO_TCP), TCP_USER_TIMEOUT, &patience, socklen_t(MemoryLayout<Int32>.size)
        )
    }

    private static func logIn(_ state: amqp_connection_state_t, _ configuration: AMQPConfiguration) throws(AMQPError) {
        var timeout = timeval(configuration.connectTimeout)
        amqp_set_handshake_timeout(state, &timeout)
        let arena = Arena()
        var properties = arena.table([
            "product": "parlor", "connection_name": .string(configuration.connectionName),
            "capabilities": .table([
                "publisher_confirms": true, "basic.nack": true, "connection.blocked": true,
                "consumer_cancel_notify": true,
            ]),
        ])
        let reply = parlor_amqp_login(
            state, configuration.virtualHost, 16, 131_072, Int32(configuration.heartbeat.components.seconds),
            &properties, configuration.user, configuration.password)
        withExtendedLifetime(arena) {}
        try check(reply)
    }

    /// Says goodbye, waiting at most a second for the answer. Not for a connection that is broken already.
    func close() {
        var timeout = timeval(tv_sec: 1, tv_usec: 0)
        amqp_set_rpc_timeout(state, &timeout)
        _ = amqp_connection_close(state, AMQP_REPLY_SUCCESS)
    }

    private func openChannel(_ channel: UInt16) throws(AMQPError) {
        amqp_channel_open(state, channel)
        try checkLast()
    }

    // MARK: - Reading

    /// The next thing the broker said that concerns us; nil once everything that has arrived is read. Only then may the
    /// caller sleep on the descriptor, since the library reads ahead.
    func next() throws(AMQPError) -> Incoming? {
        while true {
            var frame = amqp_frame_t()
            var now = timeval(tv_sec: 0, tv_usec: 0)
            let status = amqp_simple_wait_frame_noblock(state, &frame, &now)
            if status == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            guard status == AMQP_STATUS_OK.rawValue else {
                throw .interrupted(String(cString: amqp_error_string2(status)))
            }
            let incoming = assembler.take(frame)
            amqp_maybe_release_buffers_on_channel(state, frame.channel)
            if let incoming { return incoming }
        }
    }

    // MARK: - Operations at connect

    func selectConfirms() throws(AMQPError) {
        amqp_confirm_select(state, Self.mainChannel)
        try checkLast()
    }

    func consume(_ queue: String, tag: String, prefetch: Int) throws(AMQPError) {
        amqp_basic_qos(state, Self.mainChannel, 0, UInt16(clamping: prefetch), 0)
        try checkLast()
        let arena = Arena()
        amqp_basic_consume(
            state, Self.mainChannel, arena.bytes(queue), arena.bytes(tag), 0, 0, 0, arena.table([:]))
        withExtendedLifetime(arena) {}
        try checkLast()
    }

    /// Declares all of it; returns the name the broker gave to the queue without one.
    func declare(_ topology: AMQPTopology) throws(AMQPError) -> String? {
        var named: String?
        for exchange in topology.exchanges { try declare(exchange) }
        for queue in topology.queues {
            let name = try declare(queue)
            if queue.name.isEmpty { named = name }
        }
        for binding in topology.bindings {
            let arena = Arena()
            amqp_queue_bind(
                state, Self.topologyChannel, arena.bytes(binding.queue.isEmpty ? named ?? "" : binding.queue),
                arena.bytes(binding.exchange), arena.bytes(binding.routingKey), arena.table([:]))
            withExtendedLifetime(arena) {}
            try checkLast()
        }
        return named
    }

    private func declare(_ exchange: AMQPExchange) throws(AMQPError) {
        let arena = Arena()
        amqp_exchange_declare(
            state, Self.topologyChannel, arena.bytes(exchange.name), arena.bytes(exchange.kind.rawValue), 0,
            exchange.durable ? 1 : 0, exchange.autoDelete ? 1 : 0, 0, arena.table(exchange.arguments))
        withExtendedLifetime(arena) {}
        try checkLast()
    }

    private func declare(_ queue: AMQPQueue) throws(AMQPError) -> String {
        let arena = Arena()
        let answer = amqp_queue_declare(
            state, Self.topologyChannel, arena.bytes(queue.name), 0, queue.durable ? 1 : 0, queue.exclusive ? 1 : 0,
            queue.autoDelete ? 1 : 0, arena.table(queue.arguments))
        withExtendedLifetime(arena) {}
        try checkLast()
        return answer.map { String($0.pointee.queue) } ?? queue.name
    }

    // MARK: - Replies

    func checkLast() throws(AMQPError) {
        try Self.check(amqp_get_rpc_reply(state))
    }

    static func check(_ reply: amqp_rpc_reply_t) throws(AMQPError) {
        switch reply.reply_type {
        case AMQP_RESPONSE_NORMAL:
            return
        case AMQP_RESPONSE_SERVER_EXCEPTION:
            throw refusal(reply.reply)
        default:
            if reply.library_error == AMQP_STATUS_TIMEOUT.rawValue { throw .timeout }
            throw .interrupted(String(cString: amqp_error_string2(reply.library_error)))
        }
    }

    private static func refusal(_ method: amqp_method_t) -> AMQPError {
        var assembler = ContentAssembler()
        var frame = amqp_frame_t()
        frame.frame_type = UInt8(AMQP_FRAME_METHOD)
        frame.payload.method = method
        switch assembler.take(frame) {
        case .channelClosed(_, let error), .connectionClosed(let error): return error
        default: return .interrupted("unexpected answer")
        }
    }
}

extension timeval {
    init(_ duration: Duration) {
        let (seconds, attoseconds) = duration.components
        self.init(tv_sec: Int(seconds), tv_usec: Int(attoseconds / 1_000_000_000_000))
    }
}
