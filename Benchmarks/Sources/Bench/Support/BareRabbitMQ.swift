import CRabbitMQ
import Foundation

/// librabbitmq and nothing else: one connection, one channel, for one thread.
///
/// Unchecked: the benchmark calls it from one thread at a time.
final class BareRabbitMQ: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let connection: amqp_connection_state_t

    /// - Parameter url: `amqp://user:password@host:port/vhost`; with no vhost it is `/`.
    init(_ url: String) throws {
        guard let parts = URLComponents(string: url), let host = parts.host, let connection = amqp_new_connection(),
            let socket = amqp_tcp_socket_new(connection),
            amqp_socket_open(socket, host, Int32(parts.port ?? 5672)) == 0
        else { throw Failure(description: "no connection to \(url)") }
        self.connection = connection
        let virtualHost = parts.path.count > 1 ? String(parts.path.dropFirst()) : "/"
        var properties = amqp_table_t()
        let reply = parlor_amqp_login(
            connection, virtualHost, 0, 131_072, 0, &properties, parts.user ?? "guest", parts.password ?? "guest")
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else { throw Failure(description: "login refused") }
        amqp_channel_open(connection, 1)
    }

    deinit {
        amqp_connection_close(connection, AMQP_REPLY_SUCCESS)
        amqp_destroy_connection(connection)
    }

    // MARK: - Topology

    /// A queue of the broker's memory that goes with its connection, bound to a topic exchange if one is named.
    func declareQueue(_ name: String, exchange: String? = nil, key: String = "") throws {
        try Self.withBytes(name) { queue in
            amqp_queue_declare(connection, 1, queue, 0, 0, 0, 1, amqp_table_t())
            try check("declare \(name)")
            guard let exchange else { return }
            try Self.withBytes(exchange) { exchange in
                try Self.withBytes(key) { key in
                    amqp_queue_bind(connection, 1, queue, exchange, key, amqp_table_t())
                    try check("bind \(name)")
                }
            }
        }
    }

    func consume(_ queue: String, prefetch: UInt16, withoutAcks: Bool = false) throws {
        amqp_basic_qos(connection, 1, 0, prefetch, 0)
        try Self.withBytes(queue) { queue in
            amqp_basic_consume(
                connection, 1, queue, amqp_bytes_t(), 0, withoutAcks ? 1 : 0, 0, amqp_table_t())
            try check("consume")
        }
    }

    func confirmPublishes() throws {
        amqp_confirm_select(connection, 1)
        try check("confirm.select")
    }

    private func check(_ what: String) throws {
        guard amqp_get_rpc_reply(connection).reply_type == AMQP_RESPONSE_NORMAL else {
            throw Failure(description: "\(what) was refused")
        }
    }

    // MARK: - Messages

    func publish(_ body: [UInt8], exchange: String = "", key: String, persistent: Bool) throws {
        var properties = amqp_basic_properties_t()
        properties._flags = amqp_flags_t(AMQP_BASIC_DELIVERY_MODE_FLAG)
        properties.delivery_mode = persistent ? 2 : 1
        let status = Self.withBytes(exchange) { exchange in
            Self.withBytes(key) { key in
                body.withUnsafeBytes {
                    amqp_basic_publish(connection, 1, exchange, key, 0, 0, &properties, Self.bytes($0))
                }
            }
        }
        guard status == 0 else { throw Failure(description: "publish failed: \(status)") }
    }

    /// The next delivery and its tag; nil when none comes in time.
    func next(within microseconds: Int) throws -> (body: [UInt8], tag: UInt64)? {
        amqp_maybe_release_buffers(connection)
        var envelope = amqp_envelope_t()
        var timeout = timeval(tv_sec: microseconds / 1_000_000, tv_usec: microseconds % 1_000_000)
        let reply = amqp_consume_message(connection, &envelope, &timeout, 0)
        guard reply.reply_type == AMQP_RESPONSE_NORMAL else {
            if reply.library_error == AMQP_STATUS_TIMEOUT.rawValue { return nil }
            throw Failure(description: "no delivery: \(reply.library_error)")
        }
        defer { amqp_destroy_envelope(&envelope) }
        let body = envelope.message.body
        return (Array(UnsafeRawBufferPointer(start: body.bytes, count: body.len)), envelope.delivery_tag)
    }

    /// This delivery and all before it.
    func acknowledge(_ tag: UInt64) { amqp_basic_ack(connection, 1, tag, 1) }

    // MARK: - Confirmed publishing

    private var sent: UInt64 = 0
    private var confirmed: UInt64 = 0

    /// Publishes `count` messages with at most `window` unconfirmed, and waits for all confirms.
    func publish(_ body: [UInt8], key: String, count: Int, window: Int) throws {
        let goal = sent + UInt64(count)
        while sent < goal {
            try publish(body, key: key, persistent: true)
            sent += 1
            while sent - confirmed >= UInt64(window) { try readConfirm() }
        }
        while confirmed < goal { try readConfirm() }
    }

    /// A classic queue confirms in order, so a lone confirm and one with `multiple` say the same.
    private func readConfirm() throws {
        var frame = amqp_frame_t()
        guard amqp_simple_wait_frame(connection, &frame) == 0, frame.frame_type == UInt8(AMQP_FRAME_METHOD),
            frame.payload.method.id == 0x003C_0050
        else { throw Failure(description: "not a confirm") }
        let ack = frame.payload.method.decoded.assumingMemoryBound(to: amqp_basic_ack_t.self).pointee
        confirmed = max(confirmed, ack.delivery_tag)
        amqp_maybe_release_buffers_on_channel(connection, 1)
    }

    // MARK: - Bytes

    private static func withBytes<T>(_ text: String, _ body: (amqp_bytes_t) throws -> T) rethrows -> T {
        var text = text
        return try text.withUTF8 { try body(bytes(UnsafeRawBufferPointer($0))) }
    }

    private static func bytes(_ buffer: UnsafeRawBufferPointer) -> amqp_bytes_t {
        amqp_bytes_t(len: buffer.count, bytes: UnsafeMutableRawPointer(mutating: buffer.baseAddress))
    }
}
