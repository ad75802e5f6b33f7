extension FrameWriter {
    /// Flags first, then the fields present, in the order of the flags.
    mutating func properties(_ properties: AMQPProperties) {
        var flags: UInt16 = 0x1000
        if properties.contentType != nil { flags |= 0x8000 }
        if properties.contentEncoding != nil { flags |= 0x4000 }
        if !properties.headers.isEmpty { flags |= 0x2000 }
        if properties.priority != nil { flags |= 0x0800 }
        if properties.correlationID != nil { flags |= 0x0400 }
        if properties.replyTo != nil { flags |= 0x0200 }
        if properties.expiration != nil { flags |= 0x0100 }
        if properties.messageID != nil { flags |= 0x0080 }
        if properties.timestamp != nil { flags |= 0x0040 }
        if properties.type != nil { flags |= 0x0020 }
        if properties.appID != nil { flags |= 0x0008 }
        u16(flags)
        if let value = properties.contentType { shortString(value) }
        if let value = properties.contentEncoding { shortString(value) }
        if !properties.headers.isEmpty { table(properties.headers) }
        u8(properties.persistent ? 2 : 1)
        if let value = properties.priority { u8(value) }
        if let value = properties.correlationID { shortString(value) }
        if let value = properties.replyTo { shortString(value) }
        if let value = properties.expiration { shortString(String(value.wholeMilliseconds)) }
        if let value = properties.messageID { shortString(value) }
        if let value = properties.timestamp { u64(value) }
        if let value = properties.type { shortString(value) }
        if let value = properties.appID { shortString(value) }
    }

    mutating func table(_ table: [String: AMQPFieldValue]) {
        let sizeAt = bytes.count
        u32(0)
        for (name, value) in table {
            shortString(name)
            field(value)
        }
        patch32(at: sizeAt)
    }

    private mutating func field(_ value: AMQPFieldValue) {
        switch value {
        case .null:
            u8(UInt8(ascii: "V"))
        case .bool(let value):
            u8(UInt8(ascii: "t"))
            u8(value ? 1 : 0)
        case .int(let value):
            u8(UInt8(ascii: "l"))
            u64(UInt64(bitPattern: value))
        case .double(let value):
            u8(UInt8(ascii: "d"))
            u64(value.bitPattern)
        case .string(let value):
            u8(UInt8(ascii: "S"))
            longString(value)
        case .bytes(let value):
            u8(UInt8(ascii: "x"))
            u32(UInt32(value.count))
            raw(value)
        case .timestamp(let value):
            u8(UInt8(ascii: "T"))
            u64(value)
        case .array(let values):
            u8(UInt8(ascii: "A"))
            let sizeAt = bytes.count
            u32(0)
            for value in values { field(value) }
            patch32(at: sizeAt)
        case .table(let value):
            u8(UInt8(ascii: "F"))
            table(value)
        }
    }
}

extension AMQPProperties {
    /// Throws `.invalid` for what does not fit into AMQP's short strings.
    func check() throws(AMQPError) {
        if let contentType { try checkShort(contentType, "content type") }
        if let contentEncoding { try checkShort(contentEncoding, "content encoding") }
        if let correlationID { try checkShort(correlationID, "correlation id") }
        if let replyTo { try checkShort(replyTo, "reply-to") }
        if let messageID { try checkShort(messageID, "message id") }
        if let type { try checkShort(type, "type") }
        if let appID { try checkShort(appID, "app id") }
        for name in headers.keys { try checkShort(name, "header name") }
    }
}

extension Duration {
    /// Never negative: the broker refuses such a time to live.
    var wholeMilliseconds: Int64 {
        max(0, components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000)
    }
}
