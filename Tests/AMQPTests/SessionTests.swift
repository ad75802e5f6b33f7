import Testing
import TestSupport

@testable import AMQP

@Suite struct SessionTests {
    @Test func aBrokersShorterHeartbeatIsKept() async throws {
        let server = try await RabbitMQServer.start()
        try await server.evaluate("application:set_env(rabbit, heartbeat, 3).")
        let configuration = try configuration(server.url) { $0.heartbeat = .seconds(30) }
        let session = try Session.connect(configuration, to: configuration.hosts[0])
        #expect(session.heartbeat == .seconds(3))
        session.close()
        try await server.stop()
    }
}
