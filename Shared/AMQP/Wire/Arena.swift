internal import CRabbitMQ

/// Memory for the arguments of library calls; all of it is freed with this object.
final class Arena {
    private var pool = amqp_pool_t()

    init() {
        init_amqp_pool(&pool, 4096)
    }

    deinit {
        empty_amqp_pool(&pool)
    }

    func bytes(_ string: String) -> amqp_bytes_t {
        bytes(Array(string.utf8))
    }

    private func bytes(_ content: [UInt8]) -> amqp_bytes_t {
        guard !content.isEmpty, let memory = amqp_pool_alloc(&pool, content.count) else { return amqp_bytes_t() }
        content.withUnsafeBytes { memory.copyMemory(from: $0.baseAddress!, byteCount: $0.count) }
        return amqp_bytes_t(len: content.count, bytes: memory)
    }

    /// Goes through the wire form, which our writer and the library agree on: no C table is built by hand.
    func table(_ fields: [String: AMQPFieldValue]) -> amqp_table_t {
        var writer = FrameWriter()
        writer.table(fields)
        var table = amqp_table_t()
        var offset = 0
        let status = amqp_decode_table(bytes(writer.bytes), &pool, &table, &offset)
        precondition(status == AMQP_STATUS_OK.rawValue, "our own table does not decode")
        return table
    }
}
