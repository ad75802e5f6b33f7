import Events
import Foundation
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import MessageService

/// History, timeline pages, replies, unread counts and search.
@Suite struct ReadingTests {
    @Test func historyPagesBothWays() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            for number in 2...30 { _ = try await service.send(anna, room, "m\(number)") }
            let path = "/rooms/\(room.code)/messages"
            func seqs(_ query: String) async throws -> [Int64] {
                try await service.call(anna, "GET", "\(path)?\(query)").seqs
            }
            #expect(try await seqs("limit=3") == [30, 29, 28])
            #expect(try await seqs("before=10&limit=3") == [9, 8, 7])
            #expect(try await seqs("after=10&limit=3") == [13, 12, 11])
            #expect(try await seqs("around=10&limit=4") == [12, 11, 10, 9])
            #expect(try await seqs("around=10&limit=1") == [10])
            #expect(try await seqs("after=30") == [])
            #expect(try await seqs("before=1") == [])
            for bad in [
                "limit=0", "limit=201", "limit=x", "before=x", "after=-1", "before=1&after=2", "cursor=zzz",
                "cursor=eyJhIjoxfQ",
            ] {
                #expect(try await service.call(anna, "GET", "\(path)?\(bad)").status == 400, "\(bad)")
            }
            for (start, expected) in [("", Array((2...30).reversed())), ("after=5", Array(6...30))] {
                var all: [Int64] = []
                var query = "\(start)&limit=7"
                while true {
                    let page = try await service.call(anna, "GET", "\(path)?\(query)")
                    all += start.isEmpty ? page.seqs : page.seqs.reversed()
                    guard let next = page.json["nextCursor"]?.string else { break }
                    query = "\(start)&limit=7&cursor=\(next)"
                }
                #expect(all == expected.map(Int64.init))
            }
            #expect(try await service.call(anna, "GET", "/messages/rooms/\(room.id)?limit=1").seqs == [30])
            #expect(try await service.call(anna, "GET", "/chat/room/\(room.code)/messages?limit=1").seqs == [30])

            let page = try await service.timeline(anna, room, after: 3, limit: 4)
            #expect(page.seqs == [4, 5, 6, 7])
            let cursor = try #require(page.json["nextCursor"]?.string)
            let next = try await service.call(anna, "GET", "/rooms/\(room.code)/timeline?limit=1000&cursor=\(cursor)")
            #expect(next.seqs == Array(8...30))
            #expect(next.json["nextCursor"]?.isNull == true)
            #expect(try await service.timeline(anna, room, limit: 1001).status == 400)
            #expect(try await service.timeline(anna, room, after: 1000).items.isEmpty)
        }
    }

    @Test func repliesAreCountedAndListed() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let anna = UserID.new()
            let (room, other) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            let parent = try #require(try await service.send(anna, room, "parent").json["id"])
            let foreign = try #require(try await service.send(anna, other, "foreign").json["id"])
            let path = "/rooms/\(room.code)/messages"
            let wrong = try await service.call(
                anna, "POST", path, ["content": "r", "type": "reply", "parentId": foreign])
            #expect(wrong.code == "message_not_found")
            for number in 0..<3 {
                let reply = try await service.call(
                    anna, "POST", path, ["content": .string("r\(number)"), "type": "reply", "parentId": parent])
                #expect(reply.status == 201)
                #expect(reply.json["parentId"] == parent)
            }
            let id = try #require(parent.string)
            #expect(try await service.call(anna, "GET", "/messages/\(id)").json["replyCount"]?.integer == 3)
            let replies = try await service.call(anna, "GET", "/messages/\(id)/replies?limit=2")
            #expect(replies.items.map { $0["content"]?.string } == ["r2", "r1"])
            let cursor = try #require(replies.json["nextCursor"]?.string)
            let rest = try await service.call(anna, "GET", "/messages/\(id)/replies?cursor=\(cursor)")
            #expect(rest.items.map { $0["content"]?.string } == ["r0"])
            #expect(try await service.call(.new(), "GET", "/messages/\(id)/replies").code == "not_a_member")
        }
    }

    @Test func unreadCountsOthersUndeletedMessages() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            _ = try await service.send(anna, room, "before ben")
            stage.rooms.join(room, ben)
            func unread() async throws -> JSONValue? {
                try await service.call(ben, "GET", "/messages/unread").items.first
            }
            _ = try await service.timeline(ben, room)
            #expect(
                try await unread()
                    == ["roomId": .string(room.code.description), "unreadCount": 0, "lastReadSeq": 3, "lastSeq": 3])
            let deleted = try #require(try await service.send(anna, room, "a").json["id"]?.string)
            _ = try await service.send(anna, room, "b")
            _ = try await service.send(ben, room, "mine")
            _ = try await service.call(anna, "POST", "/messages/\(deleted)/reactions", ["emoji": "👍"])
            #expect(try await unread()?["unreadCount"]?.integer == 2)
            _ = try await service.call(anna, "DELETE", "/messages/\(deleted)")
            #expect(try await unread()?["unreadCount"]?.integer == 1)
            let read = "/rooms/\(room.code)/read"
            #expect(try await service.call(ben, "PUT", read, ["seq": "x"]).code == "invalid_input")
            #expect(try await service.call(ben, "PUT", read, ["seq": -1]).code == "invalid_input")
            #expect(try await service.call(.new(), "PUT", read, ["seq": -1]).code == "not_a_member")
            #expect(try await service.call(ben, "PUT", read, ["seq": 1_000_000]).status == 204)
            #expect(try await unread()?["lastReadSeq"]?.integer == 8)
            #expect(try await service.call(ben, "PUT", read, ["seq": 2]).status == 204)
            #expect(try await unread()?["lastReadSeq"]?.integer == 8)
            _ = try await service.send(anna, room, "c")
            #expect(try await unread()?["unreadCount"]?.integer == 1)
            #expect(try await service.call(anna, "GET", "/messages/unread").items.first?["unreadCount"]?.integer == 1)
            // Of what came in one batch too, from wherever in it one has read.
            let lines = try (0..<40).map { number in
                PendingMessage(
                    room: room, userId: number % 4 == 0 ? ben : anna,
                    draft: try MessageDraft(
                        type: .text, content: "\(number)", trackRef: nil, parentId: nil, clientMessageId: nil,
                        limits: service.parts.timeline.limits))
            }
            _ = try await service.parts.store.store(lines)
            #expect(try await unread()?["unreadCount"]?.integer == 31)
            for seq: Int64 in [10, 24, 37, 49] {
                #expect(try await service.call(ben, "PUT", read, ["seq": .integer(seq)]).status == 204)
                let others = lines[(Int(seq) - 9)...].filter { $0.userId == anna }.count
                #expect(try await unread()?["unreadCount"]?.integer == Int64(others), "after \(seq)")
            }
        }
    }

    @Test func searchFindsWordsAndPhrases() async throws {
        try await Stage.run(environment: ["SEARCH_RATE": "1000", "SEARCH_BURST": "1000"]) { stage, instances in
            let service = instances[0]
            let (anna, ben) = (UserID.new(), UserID.new())
            let (room, other) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            stage.rooms.join(room, ben)
            let texts = [
                "The quick brown fox", "a brown, quick FOX!", "and/or see example.com", "Ärger im Büro", "it's",
                "<b>bold</b> and <i am no markup>",
            ]
            for text in texts { _ = try await service.send(anna, room, text) }
            _ = try await service.send(anna, other, "quick elsewhere")
            _ = try await service.send(ben, room, "quick from ben")
            func found(_ query: String, _ more: String = "") async throws -> [String] {
                var allowed = CharacterSet.urlQueryAllowed
                allowed.remove(charactersIn: "&+=")
                let q = query.addingPercentEncoding(withAllowedCharacters: allowed) ?? ""
                let answer = try await service.call(
                    anna, "GET", "/rooms/\(room.code)/messages/search?q=\(q)\(more)")
                #expect(answer.status == 200)
                return answer.items.compactMap { $0["content"]?.string }
            }
            #expect(try await found("quick fox") == [texts[1], texts[0]])
            #expect(try await found("\"quick brown\"") == [texts[0]])
            #expect(try await found("\"quick brown\" elsewhere") == [])
            #expect(try await found("or") == [texts[2]])
            #expect(try await found("example") == [texts[2]])
            #expect(try await found("ärger BÜRO") == [texts[3]])
            #expect(try await found("it's") == [texts[4]])
            #expect(try await found("!!!") == [])
            for word in ["bold", "b", "markup"] { #expect(try await found(word) == [texts[5]]) }
            let spaced = "/rooms/\(room.code)/messages/search?q=quick+fox"
            #expect(try await service.call(anna, "GET", spaced).items.count == 2)
            #expect(try await found("' | 'x") == [])
            #expect(try await found("quick", "&from=\(ben)") == ["quick from ben"])
            #expect(try await found("quick", "&limit=1") == ["quick from ben"])
            let path = "/rooms/\(room.code)/messages/search"
            #expect(try await service.call(anna, "GET", path).status == 400)
            #expect(try await service.call(anna, "GET", "\(path)?q=%20").status == 400)
            #expect(try await service.call(anna, "GET", "\(path)?q=x&from=ben").status == 400)
            #expect(try await service.call(.new(), "GET", "\(path)?q=x").code == "not_a_member")
        }
    }

    @Test func archivedRoomsStayReadable() async throws {
        try await Stage.run { stage, instances in
            let service = instances[0]
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            for number in 0..<20 { _ = try await service.send(anna, room, "m\(number)") }
            let first = try #require(try await service.timeline(anna, room).items[1]["message"]?["id"]?.string)
            _ = try await service.call(anna, "PUT", "/messages/\(first)", ["content": "edited"])
            stage.rooms.end(room)
            _ = try await service.parts.timeline.facts.catchUp(.id(room.id))
            let before = try await service.timeline(anna, room)
            let history = try await service.call(anna, "GET", "/rooms/\(room.code)/messages")
            #expect(before.seqs == Array(1...23))
            let store = service.parts.store
            #expect(try await !store.archiveNext(endedBefore: .seconds(3600)))
            // Somebody writes to the room just then: that is waited for.
            let moved = try await store.pool.transaction { transaction in
                try await transaction.query("SELECT FROM rooms WHERE room_id = \(room.id) FOR UPDATE")
                let moved = Task { try await store.archiveNext(endedBefore: .zero, chunk: 10) }
                try await eventually("it waits") {
                    try await !store.pool.query("SELECT FROM pg_locks WHERE NOT granted").isEmpty
                }
                return moved
            }
            #expect(try await moved.value)
            #expect(try await service.timeline(anna, room).json == before.json)
            while try await store.archiveNext(endedBefore: .zero, chunk: 10) {}
            #expect(try await store.pool.query("SELECT FROM messages").isEmpty)
            #expect(try await service.timeline(anna, room).json == before.json)
            #expect(try await service.call(anna, "GET", "/rooms/\(room.code)/messages").json == history.json)
            #expect(try await service.call(anna, "GET", "/messages/\(first)").json["content"]?.string == "edited")
        }
    }
}
