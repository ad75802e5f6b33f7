import Events
import Identifiers
import TestSupport
import Testing

@testable import MessageService

/// Edits, deletions, reactions and pins.
@Suite struct EditingTests {
    @Test func editsKeepTheOriginalEntryAndDeletionEmptiesAll() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            let sent = try await service.send(ben, room, "original secret")
            let id = try #require(sent.json["id"]?.string)
            #expect(try await service.call(anna, "PUT", "/messages/\(id)", ["content": 1]).code == "forbidden")
            #expect(try await service.call(.new(), "PUT", "/messages/\(id)", ["content": 1]).code == "not_a_member")
            #expect(try await service.call(ben, "PUT", "/messages/\(id)", ["content": " "]).code == "invalid_input")
            #expect(
                try await service.call(ben, "PUT", "/messages/\(MessageID.new())", ["content": "x"]).code
                    == "message_not_found")
            #expect(try await service.call(ben, "PUT", "/messages/none", ["content": "x"]).status == 404)

            let edited = try await service.call(ben, "PUT", "/messages/\(id)", ["content": "second secret"])
            #expect(edited.status == 200)
            #expect(edited.json["content"]?.string == "second secret")
            #expect(edited.json["editedAt"]?.string != nil)
            #expect(edited.json["seq"] == sent.json["seq"])
            _ = try await service.call(ben, "PUT", "/messages/\(id)", ["content": "third secret"])
            let before = try await service.timeline(anna, room)
            #expect(before.seqs == [1, 2, 3, 4, 5])
            #expect(before.items[2]["message"]?["content"]?.string == "original secret")
            #expect(before.items[2]["message"]?["editedAt"]?.isNull == true)
            #expect(before.items[3]["message"]?["content"]?.string == "second secret")
            #expect(before.items[4]["message"]?["content"]?.string == "third secret")

            _ = try await service.call(anna, "POST", "/messages/\(id)/reactions", ["emoji": "👍"])
            #expect(try await service.call(anna, "PUT", "/rooms/\(room.code)/pins/\(id)").status == 204)
            #expect(try await service.call(anna, "DELETE", "/rooms/\(room.code)/messages/\(id)").status == 204)
            #expect(try await service.call(anna, "DELETE", "/messages/\(id)").status == 204)
            let after = try await service.timeline(anna, room)
            #expect(after.seqs == Array(1...7))
            #expect(after.items[6]["type"]?.string == "message_deleted")
            #expect(after.items[6]["userId"]?.string == anna.description)
            for item in after.items where item["message"] != nil {
                #expect(item["message"]?["content"]?.isNull == true)
                #expect(item["message"]?["deletedAt"]?.string != nil)
            }
            let tombstone = try await service.call(ben, "GET", "/messages/\(id)")
            #expect(tombstone.json["content"]?.isNull == true)
            #expect(tombstone.json["reactions"]?.array == [])
            #expect(try await service.call(ben, "PUT", "/messages/\(id)", ["content": "x"]).status == 409)
            #expect(try await service.call(ben, "POST", "/messages/\(id)/reactions", ["emoji": "👍"]).status == 409)
            #expect(try await service.call(anna, "GET", "/rooms/\(room.code)/pins").items.isEmpty)
            #expect(try await service.call(ben, "GET", "/rooms/\(room.code)/messages/search?q=secret").items.isEmpty)
            #expect(try await service.call(ben, "GET", "/rooms/\(room.code)/messages").items.count == 1)
        }
    }

    /// 403 comes before 404 of what is inside the room, and says of whom it is said that they are banned.
    @Test func rightsComeBeforeWhatThePathNamesInside() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            let id = try #require(try await service.send(anna, room, "x").json["id"]?.string)
            let (inside, alone) = ("/rooms/\(room.code)/messages", "/messages")
            for name in ["none", MessageID.new().description] {
                #expect(try await service.call(ben, "PUT", "/rooms/\(room.code)/pins/\(name)").code == "forbidden")
                #expect(try await service.call(anna, "PUT", "/rooms/\(room.code)/pins/\(name)").status == 404)
                #expect(try await service.call(.new(), "DELETE", "\(inside)/\(name)").code == "not_a_member")
                #expect(try await service.call(anna, "DELETE", "\(inside)/\(name)").code == "message_not_found")
            }
            #expect(try await service.call(.new(), "DELETE", "\(alone)/\(id)/reactions/no").code == "not_a_member")
            #expect(try await service.call(ben, "DELETE", "\(alone)/\(id)/reactions/no").code == "not_found")
            stage.rooms.ban(room, ben)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            for path in [inside, alone] {
                let reactions = "\(path)/\(id)/reactions"
                #expect(try await service.call(ben, "POST", reactions, ["emoji": "👍"]).code == "banned")
                #expect(try await service.call(ben, "DELETE", "\(reactions)/no").code == "banned")
                #expect(try await service.call(ben, "DELETE", "\(path)/\(id)").code == "banned")
            }
            #expect(try await service.call(ben, "GET", inside).code == "not_a_member")
        }
    }

    @Test func reactionsCountEachOnce() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            let id = try #require(try await service.send(anna, room, "x").json["id"]?.string)
            let path = "/messages/\(id)/reactions"
            for bad: JSONValue in ["a", "👍👍", "", 5] {
                #expect(try await service.call(ben, "POST", path, ["emoji": bad]).code == "invalid_input")
            }
            #expect(try await service.call(.new(), "POST", path, ["emoji": 5]).code == "not_a_member")
            for _ in 0..<3 {
                let answer = try await service.call(ben, "POST", path, ["emoji": "👍"])
                #expect(answer.status == 200)
                #expect(answer.json["reactions"] == .array([["emoji": "👍", "count": 1, "me": .bool(true)]]))
            }
            let both = try await service.call(anna, "POST", "/rooms/\(room.code)\(path)", ["emoji": "👍"])
            #expect(both.json["reactions"]?.array?.first?["count"]?.integer == 2)
            _ = try await service.call(anna, "POST", path, ["emoji": "❤️"])
            let seen = try await service.call(ben, "GET", "/messages/\(id)")
            #expect(
                seen.json["reactions"]
                    == .array([
                        ["emoji": "👍", "count": 2, "me": .bool(true)], ["emoji": "❤️", "count": 1, "me": .bool(false)],
                    ]))
            for _ in 0..<2 {
                let answer = try await service.call(ben, "DELETE", "\(path)/%F0%9F%91%8D")
                #expect(answer.status == 200)
                #expect(answer.json["reactions"]?.array?.first?["count"]?.integer == 1)
            }
            #expect(try await service.call(ben, "DELETE", path).code == "forbidden")
            #expect(try await service.call(anna, "DELETE", path).json["reactions"]?.array == [])
            #expect(try await service.call(anna, "DELETE", path).status == 200)
            let types = try await service.timeline(anna, room, after: 3).items.map { $0["type"]?.string }
            #expect(
                types == [
                    "reaction_added", "reaction_added", "reaction_added", "reaction_removed", "reactions_cleared",
                ])
            stage.rooms.update(room, ben, muted: true)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            #expect(try await service.call(ben, "POST", path, ["emoji": "👍"]).code == "muted")
        }
    }

    @Test func moderatorsPinAtMostFifty() async throws {
        try await Stage.run(environment: ["REPEAT_LIMIT": "1000"]) { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            var ids: [String] = []
            for number in 0..<51 {
                ids.append(try #require(try await service.send(anna, room, "m\(number)").json["id"]?.string))
            }
            let pins = "/rooms/\(room.code)/pins"
            #expect(try await service.call(ben, "PUT", "\(pins)/\(ids[0])").code == "forbidden")
            #expect(try await service.call(anna, "PUT", "\(pins)/\(MessageID.new())").code == "message_not_found")
            for id in ids.prefix(50) { #expect(try await service.call(anna, "PUT", "\(pins)/\(id)").status == 204) }
            #expect(try await service.call(anna, "PUT", "\(pins)/\(ids[3])").status == 204)
            #expect(try await service.call(anna, "PUT", "\(pins)/\(ids[50])").status == 409)
            let listed = try await service.call(ben, "GET", pins)
            #expect(listed.items.count == 50)
            #expect(listed.items.first?["message"]?["id"]?.string == ids[49])
            #expect(listed.items.first?["pinnedBy"]?.string == anna.description)
            for _ in 0..<2 { #expect(try await service.call(anna, "DELETE", "\(pins)/\(ids[3])").status == 204) }
            #expect(try await service.call(anna, "PUT", "\(pins)/\(ids[50])").status == 204)
            let first = try await service.call(ben, "GET", "\(pins)?limit=30")
            let cursor = try #require(first.json["nextCursor"]?.string)
            let second = try await service.call(ben, "GET", "\(pins)?limit=30&cursor=\(cursor)")
            #expect(Set((first.items + second.items).compactMap { $0["message"]?["id"]?.string }).count == 50)
        }
    }
}
