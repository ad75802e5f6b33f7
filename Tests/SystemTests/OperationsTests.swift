import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// What operators see of sockets.
    @Suite struct Operations {
        @Test func `Refusals over sockets are logged and counted, by user, room and action`() async throws {
            let stack = try Stack.here
            let table = try await Table(stack)
            let eve = try await stack.person("Eve")
            // However slowly the frames are taken, none is allowed again meanwhile.
            try await stack.withInstance(.signaling, ["FRAME_RATE": "0.001"]) { node in
                await #expect(throws: ParlorClientError.closed(.notAMember)) {
                    try await Attendee.join(node.url, table.room.code, as: eve.account)
                }
                let seat = try await Attendee.join(node.url, table.room.code, as: table.cleo.account)
                try await table.ada.http.call(
                    "PATCH", "/rooms/\(table.room.code)/members/\(table.cleo.id)", body: ["isMuted": true])
                try await seat.inbox.first("the muting") { $0.type == "member_updated" }
                await #expect(throws: ParlorClientError.self) { try await seat.say("mmm", clientMessageID: "muted") }
                for _ in 0..<250 { seat.socket.post(["type": "ping"]) }
                try await seat.inbox.first("a limit") { $0["code"] == "rate_limited" }

                let denied: [(Person, String)] = [(eve, "join_socket"), (table.cleo, "send_message")]
                for (person, action) in denied {
                    try await Self.expectLine(of: node, "permission_denied", person.id, table.room.code, action)
                }
                try await Self.expectLine(of: node, "rate_limit_exceeded", table.cleo.id)
                let metrics = try await ParlorHTTP(node.url).exchange("GET", "/metrics").text
                #expect(Self.value("permission_denied", in: metrics) == 2)
                #expect((Self.value("rate_limited_total", in: metrics) ?? 0) >= 1)
            }
            await table.leave()
        }

        @Test(arguments: Stack.Service.allCases)
        func `Readiness names every dependency`(service: Stack.Service) async throws {
            let stack = try Stack.here
            let ready = try await ParlorHTTP(stack.url(of: service)).exchange("GET", "/ready")
            #expect(ready.status == 200)
            #expect(ready.json?["dependencies"] == ["postgres": "up", "redis": "up", "rabbitmq": "up"])
        }

        private static func expectLine(of node: Instance, _ words: String...) async throws {
            try await eventually("a line is logged with \(words)") {
                try node.logged.contains { line in words.allSatisfy { line.contains($0) } }
            }
        }

        /// Of a counter without labels.
        private static func value(_ name: String, in metrics: String) -> Double? {
            metrics.split(separator: "\n").first { $0.hasPrefix(name + " ") }.flatMap {
                Double($0.dropFirst(name.count + 1))
            }
        }
    }
}
