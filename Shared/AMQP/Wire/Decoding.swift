internal import CRabbitMQ

// Copies out of the library's buffers, which are reused as soon as a frame is dealt with.

extension String {
    init(_ bytes: amqp_bytes_t) {
        self.init(decoding: UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len), as: UTF8.self)
    }
}

extension Array where Element == UInt8 {
    init(_ bytes: amqp_bytes_t) {
        self.init(UnsafeRawBufferPointer(start: bytes.bytes, count: bytes.len))
    }
}

extension AMQPProperties {
    init(_ source: amqp_basic_properties_t) {
        func has(_ flag: Int32) -> Bool { source._flags & amqp_flags_t(flag) != 0 }
        func text(_ flag: Int32, _ bytes: amqp_bytes_t) -> String? { has(flag) ? String(bytes) : nil }
        self.init(
            contentType: text(AMQP_BASIC_CONTENT_TYPE_FLAG, source.content_type),
            contentEncoding: text(AMQP_BASIC_CONTENT_ENCODING_FLAG, source.content_encoding),
            persistent: has(AMQP_BASIC_DELIVERY_MODE_FLAG) && source.delivery_mode == 2,
            priority: has(AMQP_BASIC_PRIORITY_FLAG) ? source.priority : nil,
            correlationID: text(AMQP_BASIC_CORRELATION_ID_FLAG, source.correlation_id),
            replyTo: text(AMQP_BASIC_REPLY_TO_FLAG, source.reply_to),
            expiration: text(AMQP_BASIC_EXPIRATION_FLAG, source.expiration).flatMap(Int64.init).map(
                Duration.milliseconds),
            messageID: text(AMQP_BASIC_MESSAGE_ID_FLAG, source.message_id),
            timestamp: has(AMQP_BASIC_TIMESTAMP_FLAG) ? source.timestamp : nil,
            type: text(AMQP_BASIC_TYPE_FLAG, source.type),
            appID: text(AMQP_BASIC_APP_ID_FLAG, source.app_id),
            headers: has(AMQP_BASIC_HEADERS_FLAG) ? .init(source.headers) : [:])
    }
}

extension Dictionary where Key == String, Value == AMQPFieldValue {
    init(_ table: amqp_table_t) {
        self.init()
        for entry in UnsafeBufferPointer(start: table.entries, count: Int(table.num_entries)) {
            self[String(entry.key)] = AMQPFieldValue(entry.value)
        }
    }
}

extension AMQPFieldValue {
    init(_ field: amqp_field_value_t) {
        // The kinds are the characters of the protocol.
        switch UnicodeScalar(field.kind) {
        case "t": self = .bool(field.value.boolean != 0)
        case "b": self = .int(Int64(field.value.i8))
        case "B": self = .int(Int64(field.value.u8))
        case "s": self = .int(Int64(field.value.i16))
        case "u": self = .int(Int64(field.value.u16))
        case "I": self = .int(Int64(field.value.i32))
        case "i": self = .int(Int64(field.value.u32))
        case "l": self = .int(field.value.i64)
        case "L": self = .int(Int64(clamping: field.value.u64))
        case "f": self = .double(Double(field.value.f32))
        case "d": self = .double(field.value.f64)
        case "S": self = .string(String(field.value.bytes))
        case "x": self = .bytes(Array(field.value.bytes))
        case "T": self = .timestamp(field.value.u64)
        case "F": self = .table(.init(field.value.table))
        case "A":
            let array = field.value.array
            self = .array(
                UnsafeBufferPointer(start: array.entries, count: Int(array.num_entries)).map(AMQPFieldValue.init))
        default: self = .null
        }
    }
}
