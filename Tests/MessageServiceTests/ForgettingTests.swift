import Events
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import MessageService

/// What the room service asks about messages, and has forgotten.
@Suite struct ForgettingTests {
    @Test func aMessageIsOfOneRoom() async throws {
        try await Stage.run { stage, instances in
            let (service, anna) = (instances[0], UserID.new())
            let (room, other) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            let sent = try await service.send(anna, room, "x")
            let id = try #require(sent.json["id"]?.string)
            func found(_ room: RoomRef, _ message: String) async throws -> Answer {
                try await service.ask("GET", "/internal/rooms/\(room.id)/messages/\(message)")
            }
            #expect(try await found(room, id).status == 204)
            #expect(try await found(other, id).code == "message_not_found")
            #expect(try await found(room, MessageID.new().description).code == "message_not_found")
            #expect(try await found(room, "nonsense").code == "message_not_found")
            #expect(try await service.call(anna, "DELETE", "/messages/\(id)").status == 204)
            #expect(try await found(room, id).status == 204, "a tombstone is still its room's")
            let path = "/internal/rooms/\(room.id)/messages/\(id)"
            #expect(try await service.call(anna, "GET", path).status == 401)
        }
    }

    @Test(arguments: [false, true])
    func nothingStaysOfAForgottenRoom(isArchived: Bool) async throws {
        try await Stage.run { stage, instances in
            let (service, anna, ben) = (instances[0], UserID.new(), UserID.new())
            let (room, kept) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            for room in [room, kept] {
                stage.rooms.join(room, ben)
                for text in ["a", "b", "c"] {
                    let id = try #require(try await service.send(ben, room, text).json["id"]?.string)
                    _ = try await service.call(anna, "POST", "/messages/\(id)/reactions", ["emoji": "👍"])
                    _ = try await service.call(ben, "PUT", "/messages/\(id)", ["content": "edited"])
                    _ = try await service.call(anna, "PUT", "/rooms/\(room.code)/pins/\(id)")
                }
            }
            stage.rooms.end(room)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            let store = service.parts.timeline.store
            if isArchived { while try await store.archiveNext(endedBefore: .zero, chunk: 2) {} }
            let before = try await service.timeline(anna, kept).items.count
            stage.rooms.forget(room)
            // More than one piece, and once more for a caller that never heard the answer.
            try await store.forget(room.id, chunk: 2)
            #expect(try await service.ask("DELETE", "/internal/rooms/\(room.id)").status == 204)
            let tables = [
                "rooms", "members", "messages", "entries", "reactions", "pins", "messages_archive", "entries_archive",
            ]
            for table in tables {
                let left = try await service.parts.pool.query(
                    "SELECT 1 FROM \(unescaped: table) WHERE room_id = \(room.id)")
                #expect(left.isEmpty, "\(table)")
            }
            #expect(try await service.timeline(anna, room).code == "room_not_found")
            #expect(try await service.timeline(anna, kept).items.count == before)
            #expect(try await service.call(anna, "DELETE", "/internal/rooms/\(kept.id)").status == 401)
        }
    }
}
