import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct ListeningSessions {
        static func track(_ title: String, _ length: Int) -> JSONValue {
            ["provider": "tape", "id": .string(title), "title": .string(title), "durationMs": .integer(length)]
        }

        static func title(_ session: JSONValue?) -> String? {
            session?["nowPlaying"]?["item"]?["trackRef"]?["title"]?.string
        }

        static func waiting(_ session: JSONValue?) -> [String] {
            session?["queue"]?.array?.compactMap { $0["trackRef"]?["title"]?.string } ?? []
        }

        @Test func `Two people listen: queue, votes, skips, the end of a track, and all of it told to both`()
            async throws
        {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let made = try await ada.http.call(
                "POST", "/sessions", body: ["genre": "Jazz", "initialTrack": Self.track("first", 600_000)])
            #expect(made.status == 201)
            let code = try #require(made.json?["roomId"]?.string), id = try #require(made.json?["id"]?.string)
            let uuid = try #require(try await ada.http.get("/rooms/\(code)")["id"]?.string)
            let room = TestRoom(code: code, uuid: uuid)
            let hers = try await stack.sit(ada, in: room)
            #expect(Self.title(hers.joined["session"]) == "first")
            let joined = try await ben.http.post("/sessions/\(id)/join")
            #expect(Self.title(joined) == "first")
            let his = try await stack.sit(ben, in: room)
            let started = his.joined["session"]?["nowPlaying"]?["startedAt"]?.string
            #expect(started == made.json?["nowPlaying"]?["startedAt"]?.string)
            #expect(try await ada.http.get("/sessions/\(id)")["listenerCount"] == 2)
            try await hers.inbox.first("both are counted") {
                $0.type == "queue_updated" && $0["session"]?["listenerCount"] == 2
            }

            var items: [String: String] = [:]
            for (title, length) in [("second", 600_000), ("third", 1000), ("fourth", 600_000)] {
                let queued = try await ben.http.call(
                    "POST", "/sessions/\(id)/queue", body: ["trackRef": Self.track(title, length)])
                #expect(queued.status == 201)
                items[title] = queued.json?["id"]?.string
            }
            for person in [ada, ben] {
                let voted = try await person.http.call(
                    "POST", "/sessions/\(id)/queue/\(items["third"] ?? "")/vote", body: ["voteType": "upvote"])
                #expect(voted.status == 200)
            }
            for seat in [hers, his] {
                try await seat.inbox.first("the order that was voted for") {
                    $0.type == "queue_updated" && Self.waiting($0["session"]) == ["third", "second", "fourth"]
                }
            }
            let playing = made.json?["nowPlaying"]?["item"]?["id"]?.string ?? ""
            let half = try await ben.http.post("/sessions/\(id)/skip", ["expectedItemId": .string(playing)])
            #expect(Self.title(half) == "first", "one of two is not more than half")
            let skipped = try await ada.http.post("/sessions/\(id)/skip", ["expectedItemId": .string(playing)])
            #expect(Self.title(skipped) == "third")
            expectProblem(
                409, "conflict",
                try await ada.http.exchange(
                    "POST", "/sessions/\(id)/skip", body: ["expectedItemId": .string(playing)]))
            // It ends by itself, and the next in line follows.
            for seat in [hers, his] {
                for title in ["third", "second"] {
                    try await seat.inbox.first("\(title) begins") {
                        $0.type == "track_started" && Self.title($0["session"]) == title
                    }
                }
            }
            #expect(Self.title(try await ben.http.get("/sessions/\(id)")) == "second")
            let listed = try await ben.http.get("/sessions/active?genre=jazz")["items"]?.array ?? []
            #expect(listed.contains { $0["id"]?.string == id })
            #expect(try await ada.http.call("PATCH", "/sessions/\(id)/end").json?["status"] == "ended")
            for seat in [hers, his] { try await seat.inbox.first("the end") { $0.type == "session_ended" } }
            let timeline = try await ada.timeline(room)
            #expect(timeline.seqs == Array(1...timeline.count))
            #expect(
                timeline.compactMap { $0["type"]?.string } == [
                    "member_joined", "session_started", "track_started", "member_joined", "track_started",
                    "track_started", "session_ended",
                ])
            #expect(try await ada.http.get("/rooms/\(code)/stats")["sessionCount"] == 1)
            let late = try await stack.sit(ben, in: room)
            #expect(late.joined["session"] == .null)
            for seat in [hers, his, late] { await seat.socket.close() }
        }

        @Test func `The room service is killed in the middle of a track, and the next one starts all the same`()
            async throws
        {
            let stack = try Stack.here
            let ada = try await stack.person("Ada")
            let made = try await ada.http.post(
                "/sessions", ["genre": "Jazz", "initialTrack": Self.track("first", 2000)])
            let code = made["roomId"]?.string ?? "", id = made["id"]?.string ?? ""
            let uuid = try #require(try await ada.http.get("/rooms/\(code)")["id"]?.string)
            let hers = try await stack.sit(ada, in: TestRoom(code: code, uuid: uuid))
            for title in ["second", "third"] {
                try await ada.http.post(
                    "/sessions/\(id)/queue", ["trackRef": Self.track(title, title == "second" ? 1000 : 600_000)])
            }
            let pid = try stack.pid(of: .room)
            try stack.kill(.room)
            for title in ["second", "third"] {
                try await hers.inbox.first("\(title) begins", within: .seconds(120)) {
                    $0.type == "track_started" && Self.title($0["session"]) == title
                }
            }
            try await hers.inbox.first("the session as it is then", within: .seconds(120)) {
                $0.type == "queue_updated" && Self.title($0["session"]) == "third"
            }
            try await stack.awaitRestart(of: .room, after: pid)
            let started = try await ada.timeline(TestRoom(code: code, uuid: uuid))
                .filter { $0["type"] == "track_started" }.map { Self.title($0["session"]) }
            #expect(started == ["first", "second", "third"], "each once")
            await hers.socket.close()
        }
    }
}
