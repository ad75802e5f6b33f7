internal import CRabbitMQ

extension Session {
    func messageCount(of queue: String) throws(AMQPError) -> Int {
        let arena = Arena()
        let answer = amqp_queue_declare(
            state, Self.topologyChannel, arena.bytes(queue), 1, 0, 0, 0, arena.table([:]))
        withExtendedLifetime(arena) {}
        try checkLast()
        return Int(answer?.pointee.message_count ?? 0)
    }

    /// One message, to be settled on the main channel; nil where the queue has none.
    func get(from queue: String) throws(AMQPError) -> AMQPDelivery? {
        let arena = Arena()
        let reply = amqp_basic_get(state, Self.mainChannel, arena.bytes(queue), 0)
        withExtendedLifetime(arena) {}
        try Self.check(reply)
        guard reply.reply.id == MethodID.basicGetOK.rawValue, let decoded = reply.reply.decoded else { return nil }
        let got = decoded.assumingMemoryBound(to: amqp_basic_get_ok_t.self).pointee
        let (exchange, routingKey) = (String(got.exchange), String(got.routing_key))
        var message = amqp_message_t()
        try Self.check(amqp_read_message(state, Self.mainChannel, &message, 0))
        defer { amqp_destroy_message(&message) }
        return AMQPDelivery(
            message: AMQPMessage(body: Array(message.body), properties: AMQPProperties(message.properties)),
            exchange: exchange, routingKey: routingKey, redelivered: got.redelivered != 0, tag: got.delivery_tag)
    }
}
