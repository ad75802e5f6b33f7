import Events
import HTTPTypes
import Identifiers
import Testing

@testable import RoomService

/// What waits, in which order, and who says so.
@Suite struct QueueTests {
    @Test func intoSilenceATrackStartsAtOnceAndOthersWait() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1)
            let listener = listening.listeners[0]
            #expect(try await listening.session()["nowPlaying"] == .null)
            let first = try await listening.call(
                .post, "/queue", as: listener, body: ["trackRef": Listening.track("first", 60_000)])
            #expect(first.status == 201)
            #expect(first.json["addedBy"].string == "\(listener.id)")
            #expect(first.json["position"] == 1)
            #expect(first.json["myVote"] == .null)
            #expect(first.json["playedAt"].string != nil)
            try await listening.queue("second")
            try await listening.queue("third", as: listener)
            #expect(try await listening.playing() == "first")
            #expect(try await listening.waiting() == ["second", "third"])
            let session = try await listening.session()
            #expect(session["queue"][0]["trackRef"]["title"] == "second")
            #expect(session["queue"][0]["playedAt"] == .null)
            let started = try await listening.facts(.trackStarted)
            #expect(started.count == 1)
        }
    }

    @Test func votesOrderTheQueue() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 2, track: 60_000)
            let (one, two) = (listening.listeners[0], listening.listeners[1])
            let (a, b, c) = (
                try await listening.queue("a"), try await listening.queue("b"), try await listening.queue("c")
            )
            let voted = try await listening.vote("upvote", c, as: one)
            #expect(voted.status == 200)
            #expect(voted.json["upvotes"] == 1)
            #expect(voted.json["myVote"] == "upvote")
            #expect(try await listening.vote("upvote", c, as: one).json["upvotes"] == 1, "one vote each")
            try await listening.vote("upvote", b, as: one)
            try await listening.vote("upvote", b, as: two)
            // Downvotes are shown, and order nothing.
            try await listening.vote("downvote", c, as: two)
            #expect(try await listening.waiting() == ["b", "c", "a"])
            let changed = try await listening.vote("downvote", b, as: one)
            #expect(changed.json["upvotes"] == 1)
            #expect(changed.json["downvotes"] == 1)
            #expect(try await listening.waiting() == ["b", "c", "a"], "the earlier one first")
            for _ in 0..<2 {
                #expect(try await listening.call(.delete, "/queue/\(b)/vote", as: two).status == 204)
            }
            #expect(try await listening.waiting() == ["c", "a", "b"])
            let session = try await listening.session(as: two)
            #expect(session["queue"][0]["myVote"] == "downvote")
            #expect(session["queue"][2]["myVote"] == .null)
            let page = try await listening.call(.get, "/queue?limit=2", as: one).json
            #expect(page.items.map { $0["id"].string } == [c, a])
            #expect(page.items[0]["myVote"] == "upvote")
            let rest = try await listening.call(
                .get, "/queue?limit=2&cursor=\(page["nextCursor"].string ?? "")", as: one
            ).json
            #expect(rest.items.map { $0["id"].string } == [b])
            try await listening.call(.post, "/skip", as: listening.host)
            #expect(try await listening.playing() == "c", "the best plays next")
        }
    }

    @Test func manyVotesAtOnceAreAllCounted() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 30, track: 60_000)
            let item = try await listening.queue("a")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (number, listener) in listening.listeners.enumerated() {
                    group.addTask {
                        try await listening.vote(number % 3 == 0 ? "downvote" : "upvote", item, as: listener)
                        try await listening.vote(number % 3 == 1 ? "downvote" : "upvote", item, as: listener)
                    }
                }
                try await group.waitForAll()
            }
            let counted = try await listening.session()["queue"][0]
            #expect(counted["upvotes"] == 20)
            #expect(counted["downvotes"] == 10)
        }
    }

    @Test func whoHasNotJoinedTakesNoPart() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            let item = try await listening.queue("a")
            let (member, other) = (try await rooms.user("member"), try await rooms.user("other"))
            try await rooms.join(member, listening.room)
            for (user, code) in [(member, "forbidden"), (other, "not_a_member")] {
                let body: [String: JSONValue] = ["trackRef": Listening.track("b")]
                #expect(try await listening.call(.post, "/queue", as: user, body: body).code == code)
                #expect(try await listening.vote("upvote", item, as: user).code == code)
                #expect(try await listening.call(.delete, "/queue/\(item)/vote", as: user).code == code)
                #expect(try await listening.call(.delete, "/queue/\(item)", as: user).code == code)
                #expect(try await listening.skip(as: user).code == code)
                #expect(try await listening.call(.post, "/pause", as: user).code == code)
                #expect(try await listening.call(.post, "/leave", as: user).code == code)
                #expect(try await listening.call(.patch, "/end", as: user).code == code)
            }
            #expect(try await listening.call(.get, "/queue", as: member).status == 200, "members read")
        }
    }

    @Test func aTrackIsTakenBackByWhoAddedItOrTheHost() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 2)
            let (one, two) = (listening.listeners[0], listening.listeners[1])
            let playing = try await listening.queue("playing", as: one)
            let (a, b) = (try await listening.queue("a", as: one), try await listening.queue("b", as: one))
            try await listening.vote("upvote", a, as: two)
            #expect(try await listening.call(.delete, "/queue/\(a)", as: two).code == "forbidden")
            #expect(try await listening.call(.delete, "/queue/\(a)", as: one).status == 204)
            #expect(try await listening.call(.delete, "/queue/\(a)", as: one).code == "not_found")
            #expect(try await listening.call(.delete, "/queue/\(b)", as: listening.host).status == 204)
            #expect(try await listening.call(.delete, "/queue/\(playing)", as: one).code == "conflict")
            #expect(try await listening.call(.delete, "/queue/x", as: one).code == "not_found")
            #expect(try await listening.waiting() == [])
        }
    }

    @Test func badTracksAndVotesAreRefused() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            let item = try await listening.queue("a")
            func queue(_ track: JSONValue) async throws -> JSONValue {
                let answer = try await listening.call(.post, "/queue", as: listening.host, body: ["trackRef": track])
                #expect(answer.code == "invalid_input")
                return answer.json["errors"][0]["field"]
            }
            #expect(try await queue(.null) == "trackRef")
            #expect(try await queue(.object(["provider": "tape", "id": "1"])) == "trackRef.title")
            #expect(try await queue(Listening.track("a", 0)) == "trackRef.durationMs")
            #expect(try await queue(Listening.track("a", 86_400_001)) == "trackRef.durationMs")
            #expect(try await queue(Listening.track(String(repeating: "a", count: 301))) == "trackRef.id")
            #expect(try await listening.vote("sideways", item, as: listening.host).code == "invalid_input")
            #expect(
                try await listening.vote("sideways", "\(QueueItemID.new())", as: listening.host).code == "not_found",
                "what the path names comes first")
            try await listening.call(.post, "/skip", as: listening.host)
            #expect(try await listening.vote("upvote", item, as: listening.host).status == 200, "it plays")
            try await listening.call(.post, "/skip", as: listening.host)
            #expect(try await listening.vote("upvote", item, as: listening.host).code == "conflict", "it was played")
        }
    }

    @Test func aQueueHasAnEnd() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1, track: 60_000)
            for number in 0..<QueueLimits.listener {
                try await listening.queue("\(number)", as: listening.listeners[0])
            }
            let body: [String: JSONValue] = ["trackRef": Listening.track("more")]
            #expect(
                try await listening.call(.post, "/queue", as: listening.listeners[0], body: body).code == "conflict")
            for number in QueueLimits.listener..<QueueLimits.session { try await listening.queue("\(number)") }
            #expect(try await listening.call(.post, "/queue", as: listening.host, body: body).code == "conflict")
        }
    }
}
