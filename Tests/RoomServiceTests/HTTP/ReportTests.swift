import Events
import HTTPTypes
import Identifiers
import Testing

@testable import RoomService

/// What is reported of messages, which another service knows.
@Suite struct ReportTests {
    @Test func aReportedMessageIsOneOfTheRoom() async throws {
        try await MessageServiceStandIn.run { rooms, messages in
            let people = try await Everybody(rooms)
            let (room, other) = (try await people.room(rooms), try await people.room(rooms, isEnded: true))
            let (here, elsewhere) = (MessageID.new(), MessageID.new())
            messages.add(here, in: try await rooms.id(of: room))
            messages.add(elsewhere, in: try await rooms.id(of: other))
            func report(_ message: MessageID, of room: String, _ reason: JSONValue = "rude") async throws -> Answer {
                try await rooms.call(
                    .post, "/rooms/\(room)/reports", as: people.member,
                    body: ["messageId": .string(message.description), "reason": reason])
            }
            let made = try await report(here, of: room)
            #expect(made.status == 201)
            #expect(made.json["messageId"].string == here.description)
            #expect(try await report(elsewhere, of: other).status == 201, "an ended room's too")
            for unknown in [elsewhere, MessageID.new()] {
                #expect(try await report(unknown, of: room).code == "message_not_found")
            }
            // The body comes before what else it names.
            #expect(try await report(elsewhere, of: room, "").code == "invalid_input")
            let admin = try await rooms.user("admin", role: "admin")
            #expect(try await rooms.call(.get, "/admin/reports", as: admin).json.items.count == 2)
        }
    }

    @Test func nobodyIsToldThereIsNoMessageByWhoCannotKnow() async throws {
        try await MessageServiceStandIn.run { rooms, messages in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            messages.set(isAway: true)
            let refused = try await rooms.call(
                .post, "/rooms/\(room)/reports", as: people.member,
                body: ["messageId": .string(MessageID.new().description), "reason": "rude"])
            #expect(refused.status == 503)
            #expect(refused.headers[.retryAfter] != nil)
            let plain = try await rooms.call(
                .post, "/rooms/\(room)/reports", as: people.member, body: ["reason": "rude"])
            #expect(plain.status == 201, "what needs nobody else goes on")
        }
    }
}
