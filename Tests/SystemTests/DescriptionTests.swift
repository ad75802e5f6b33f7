import AMQP
import Foundation
import Logging
import ParlorClient
import Synchronization
import TestSupport
import Testing

extension SystemTests {
    /// docs/api/asyncapi.json describes what the running services send, all of it. (Every answer over HTTP and every frame
    /// that the other tests see is held against the documents too, see ``Documented``.)
    @Suite struct Descriptions {
        @Test func `Every event on the broker is as described, and every described one comes`() async throws {
            let stack = try Stack.here
            let seen = Mutex<Set<String>>([])
            let isListening = Mutex(false)
            let consumer = AMQPConsumer(
                try AMQPConfiguration(url: stack.value("RABBITMQ_URL"), connectionName: "system-tests"),
                topology: AMQPTopology(
                    queues: [AMQPQueue("", durable: false, exclusive: true, autoDelete: true)],
                    bindings: [AMQPBinding(exchange: "parlor.events", queue: "", routingKey: "#")]),
                queue: "", logger: .silent, onConnect: { isListening.withLock { $0 = true } },
                handler: { delivery in
                    let text = String(decoding: delivery.body, as: UTF8.self)
                    Documented.check(event: text)
                    let type = (try? JSONValue(parsing: text))?["event_type"]?.string ?? ""
                    seen.withLock { _ = $0.insert(type) }
                    return .ack
                })
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await consumer.run() }
                try await eventually("the queue is bound") { isListening.withLock { $0 } }
                try await everything(stack)
                let described = try AsyncAPIDocument.shared.types(on: .events)
                try await eventually("every described event has come") {
                    seen.withLock { described.isSubset(of: $0) }
                }
                group.cancelAll()
            }
        }

        /// All that people can do that others are told of.
        private func everything(_ stack: Stack) async throws {
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let cem = try await stack.person("Cem"), root = try await stack.person("Root", role: "admin")
            let room = try await stack.room(of: ada, members: [cem])
            let inbox = FrameInbox { Documented.check($0, on: .status) }
            var options = ParlorSocket.Options()
            options.inbox = inbox
            let status = try await ParlorSocket.connect(
                stack.gateway, "/ws/status", token: .header(ben.account.token), options: options)
            try await inbox.first("ready") { $0.type == "ready" }

            for answer in ["decline", "accept"] {
                let made = try await ada.http.post(
                    "/rooms/\(room.code)/invite", ["email": .string(ben.account.email)])
                let id = try #require(made["invitationId"]?.string)
                try await inbox.first("the invitation") {
                    $0.type == "invitation" && $0["invitation"]?["invitationId"]?.string == id
                }
                try await ben.http.post("/invitations/\(id)/\(answer)")
            }
            let seats = [try await stack.sit(ben, in: room), try await stack.sit(ben, in: room)]
            try await listen(ada, in: room)
            try await pair(ada, ben)
            try await inbox.first("mutual_like") { $0.type == "mutual_like" }
            let message = try await ada.write("hello", in: room)
            let id = try #require(message.json?["id"]?.string)
            // Of the first message after his stream has heard that he is a member now.
            try await eventually("Ben is told of news", every: .milliseconds(300)) {
                _ = try await ada.write("news", in: room)
                return inbox.frames.contains { $0.type == "unread_changed" }
            }
            try await ada.http.call("PUT", "/messages/\(id)", body: ["content": "edited"])
            try await ben.http.post("/messages/\(id)/reactions", ["emoji": "🎉"])
            try await ben.http.call("DELETE", "/messages/\(id)/reactions/%F0%9F%8E%89")
            try await ben.http.post("/messages/\(id)/reactions", ["emoji": "👍"])
            try await ada.http.call("DELETE", "/messages/\(id)/reactions")
            try await cem.http.post("/rooms/\(room.code)/reports", ["messageId": .string(id), "reason": "rude"])
            try await ada.http.call("DELETE", "/messages/\(id)")
            for seat in seats { _ = try await seat.bye() }
            try await ada.http.call("PATCH", "/rooms/\(room.code)", body: ["name": "Other"])
            try await ada.http.call(
                "PATCH", "/rooms/\(room.code)/members/\(ben.id)", body: ["role": "moderator"])
            try await ada.http.post("/rooms/\(room.code)/bans", ["userId": .string(ben.id), "reason": "loud"])
            try await inbox.first("room_banned") { $0.type == "room_banned" }
            try await cem.http.post("/rooms/\(room.code)/leave")
            try await ada.http.call("DELETE", "/rooms/\(room.code)")
            try await root.http.post("/admin/users/\(cem.id)/ban", ["reason": "spam"])
            await status.close()
        }

        /// A session begins, gets a second track, and ends.
        private func listen(_ host: Person, in room: TestRoom) async throws {
            let begun = try await host.http.post(
                "/sessions",
                [
                    "genre": "Jazz", "roomId": .string(room.code),
                    "initialTrack": ListeningSessions.track("first", 600_000),
                ])
            let id = try #require(begun["id"]?.string)
            try await host.http.post(
                "/sessions/\(id)/queue", ["trackRef": ListeningSessions.track("second", 600_000)])
            try await host.http.post("/sessions/\(id)/skip")
            try await host.http.call("PATCH", "/sessions/\(id)/end")
        }

        /// Two are brought together and like each other.
        private func pair(_ one: Person, _ other: Person) async throws {
            let search: JSONValue = ["interests": .array([.string(UUID().uuidString)])]
            try await one.http.post("/chat/search", search)
            let room = try await other.http.post("/chat/search", search)["room"]?["roomId"]?.string
            for person in [one, other] { try await person.http.post("/chat/like/\(try #require(room))") }
        }
    }
}
