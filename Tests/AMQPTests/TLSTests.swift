import AMQP
import Testing
import TestSupport

@Suite struct TLSTests {
    @Test func messagesOfAnySizeTravelEncryptedToWhoIsVouchedFor() async throws {
        let server = try await RabbitMQServer.start()
        let url = try await server.startTLS()
        let seen = Seen<Int>()
        let publisher = try AMQPPublisher(configuration(url), topology: .queue("q"), logger: quiet)
        let consumer = try AMQPConsumer(configuration(url), topology: .queue("q"), queue: "q", logger: quiet) {
            seen.add($0.body.count)
            return .ack
        }
        let sizes = [0, 1, 1000, 131_072, 1_000_000]
        try await running(publisher, consumer) {
            try await publisher.connected()
            for size in sizes {
                try await publisher.publish(
                    AMQPMessage(body: [UInt8](repeating: 7, count: size)), exchange: "", routingKey: "q",
                    mandatory: true)
            }
            try await eventually("all arrive") { seen.count == sizes.count }
            #expect(seen.all.sorted() == sizes)
        }
        // Without a known authority, and under another name than the certificate's.
        for other in [String(url.prefix { $0 != "?" }), url.replacing("@localhost", with: "@127.0.0.1")] {
            let stranger = try AMQPPublisher(configuration(other), logger: quiet)
            try await running(stranger) {
                try await eventually("the reason is known") {
                    do {
                        try await stranger.publish(AMQPMessage("x"), exchange: "", routingKey: "q")
                        return false
                    } catch AMQPError.unavailable(let reason) {
                        return reason.lowercased().contains("ssl") || reason.lowercased().contains("hostname")
                    }
                }
            }
        }
        try await server.stop()
    }

    @Test func aBrokerThatReadsNoMoreStopsNobodyForEver() async throws {
        let server = try await RabbitMQServer.start()
        let url = try await server.startTLS()
        let publisher = try AMQPPublisher(
            configuration(url) { $0.publishTimeout = .seconds(1) }, topology: .queue("q"), logger: quiet)
        let message = AMQPMessage(body: [UInt8](repeating: 7, count: 1 << 20))
        try await running(publisher) {
            try await publisher.connected()
            try await server.setTakesMessages(false)
            // More than all sockets on the way hold.
            let batch = [AMQPOutgoing](
                repeating: AMQPOutgoing(message, exchange: "", routingKey: "q"), count: 24)
            let results = await publisher.publish(batch)
            #expect(results.allSatisfy { (try? $0.get()) == nil })
            try await server.setTakesMessages(true)
            try await eventually("it works again") {
                (try? await publisher.publish(AMQPMessage("x"), exchange: "", routingKey: "q")) != nil
            }
        }
        try await server.stop()
    }
}
