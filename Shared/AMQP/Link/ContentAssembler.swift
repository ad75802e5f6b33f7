internal import CRabbitMQ

/// Puts frames together: a delivery or a returned message comes as a method, a header and any number of bodies.
struct ContentAssembler {
    private enum Method {
        case deliver(exchange: String, routingKey: String, redelivered: Bool, tag: UInt64)
        case giveBack(exchange: String, routingKey: String, AMQPError)
    }

    private var method: Method?
    private var properties = AMQPProperties()
    private var body: [UInt8] = []
    private var missing = 0

    /// What `frame` completes, if anything.
    mutating func take(_ frame: amqp_frame_t) -> Incoming? {
        switch Int32(frame.frame_type) {
        case AMQP_FRAME_METHOD:
            return take(frame.payload.method, channel: frame.channel)
        case AMQP_FRAME_HEADER:
            let header = frame.payload.properties
            properties = AMQPProperties(header.decoded.assumingMemoryBound(to: amqp_basic_properties_t.self).pointee)
            missing = Int(header.body_size)
            body = []
            body.reserveCapacity(missing)
            return missing == 0 ? finish() : nil
        case AMQP_FRAME_BODY:
            let part = frame.payload.body_fragment
            body.append(contentsOf: UnsafeRawBufferPointer(start: part.bytes, count: part.len))
            missing -= part.len
            return missing <= 0 ? finish() : nil
        default:
            return nil
        }
    }

    private mutating func take(_ method: amqp_method_t, channel: UInt16) -> Incoming? {
        func decoded<T>(_: T.Type) -> T { method.decoded.assumingMemoryBound(to: T.self).pointee }
        switch MethodID(rawValue: method.id) {
        case .basicDeliver:
            let deliver = decoded(amqp_basic_deliver_t.self)
            self.method = .deliver(
                exchange: String(deliver.exchange), routingKey: String(deliver.routing_key),
                redelivered: deliver.redelivered != 0, tag: deliver.delivery_tag)
            return nil
        case .basicReturn:
            let back = decoded(amqp_basic_return_t.self)
            self.method = .giveBack(
                exchange: String(back.exchange), routingKey: String(back.routing_key),
                .returned(code: Int(back.reply_code), reason: String(back.reply_text)))
            return nil
        case .basicAck:
            let ack = decoded(amqp_basic_ack_t.self)
            return .confirmed(ack.delivery_tag, multiple: ack.multiple != 0, taken: true)
        case .basicNack:
            let nack = decoded(amqp_basic_nack_t.self)
            return .confirmed(nack.delivery_tag, multiple: nack.multiple != 0, taken: false)
        case .basicCancel: return .consumerCancelled
        case .queueBindOK, .queueUnbindOK: return .bindingDone
        case .channelClose:
            let close = decoded(amqp_channel_close_t.self)
            return .channelClosed(channel, .refused(code: Int(close.reply_code), reason: String(close.reply_text)))
        case .connectionClose:
            let close = decoded(amqp_connection_close_t.self)
            return .connectionClosed(.refused(code: Int(close.reply_code), reason: String(close.reply_text)))
        case .connectionBlocked: return .blocked(String(decoded(amqp_connection_blocked_t.self).reason))
        case .connectionUnblocked: return .unblocked
        case .basicGetOK, nil: return nil
        }
    }

    private mutating func finish() -> Incoming? {
        defer {
            method = nil
            body = []
        }
        switch method {
        case .deliver(let exchange, let routingKey, let redelivered, let tag):
            let message = AMQPMessage(body: body, properties: properties)
            return .delivered(
                AMQPDelivery(
                    message: message, exchange: exchange, routingKey: routingKey, redelivered: redelivered, tag: tag))
        case .giveBack(let exchange, let routingKey, let error):
            return .returned(
                .init(
                    exchange: exchange, routingKey: routingKey, messageID: properties.messageID, mandatory: true),
                error)
        case nil:
            return nil
        }
    }
}

/// The methods we act upon: the class in the upper half, the method in the lower.
enum MethodID: UInt32 {
    case connectionClose = 0x000A_0032
    case connectionBlocked = 0x000A_003C
    case connectionUnblocked = 0x000A_003D
    case channelClose = 0x0014_0028
    case queueBindOK = 0x0032_0015
    case queueUnbindOK = 0x0032_0033
    case basicCancel = 0x003C_001E
    case basicReturn = 0x003C_0032
    case basicDeliver = 0x003C_003C
    case basicGetOK = 0x003C_0047
    case basicAck = 0x003C_0050
    case basicNack = 0x003C_0078
}
