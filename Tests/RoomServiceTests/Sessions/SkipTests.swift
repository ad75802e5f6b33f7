import Events
import Foundation
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// How a track ends before its time.
@Suite struct SkipTests {
    @Test func hostDJAndModeratorSkipAtOnce() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 3, track: 60_000)
            let (dj, moderator) = (listening.listeners[0], try await rooms.user("moderator"))
            for title in ["second", "third", "fourth"] { try await listening.queue(title) }
            try await listening.call(.patch, as: listening.host, body: ["currentDJId": .string("\(dj.id)")])
            try await rooms.join(moderator, listening.room)
            try await rooms.call(
                .patch, "/rooms/\(listening.room)/members/\(moderator.id)", as: listening.host,
                body: ["role": "moderator"])
            for (user, title) in [(listening.host, "second"), (dj, "third"), (moderator, "fourth")] {
                let skipped = try await listening.skip(as: user)
                #expect(skipped.status == 200)
                #expect(skipped.json["nowPlaying"]["item"]["trackRef"]["title"].string == title)
            }
            let silent = try await listening.skip(as: listening.host)
            #expect(silent.json["nowPlaying"] == .null)
            #expect(silent.json["status"] == "active")
            #expect(try await listening.skip(as: listening.host).code == "conflict", "nothing plays")
            let skipped = try await rooms.sql("SELECT count(*) FROM session_items WHERE skipped")[0].get(
                0, as: Int.self)
            #expect(skipped == 4)
            #expect(try await listening.facts(.trackStarted).count == 4)
        }
    }

    @Test func anotherTrackThanExpectedIsNotSkipped() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            let second = try await listening.queue("second")
            #expect(try await listening.skip(second, as: listening.host).code == "conflict")
            #expect(try await listening.playing() == "first")
            #expect(try await listening.skip("no id", as: listening.host).code == "invalid_input")
            let playing = try await listening.session()["nowPlaying"]["item"]["id"].string
            #expect(try await listening.skip(playing, as: listening.host).status == 200)
            #expect(try await listening.playing() == "second")
        }
    }

    @Test func aHundredSkipsOfOneTrackAreOne() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            for number in 0..<5 { try await listening.queue("\(number)") }
            let playing = try await listening.session()["nowPlaying"]["item"]["id"].string
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<100 {
                    group.addTask { try await listening.skip(playing, as: listening.host).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 1)
            #expect(statuses.filter { $0 == 409 }.count == 99)
            #expect(try await listening.playing() == "0")
            #expect(try await listening.waiting().count == 4)
            #expect(try await listening.facts(.trackStarted).count == 2)
        }
    }

    @Test func moreThanHalfOfTheListenersSkip() async throws {
        try await TestRooms.run { rooms in
            // Four listen, the host among them.
            let listening = try await Listening(rooms, listeners: 3, track: 60_000)
            try await listening.queue("second")
            let away = try await rooms.user("away")
            try await listening.call(.post, "/join", as: away)
            for user in [listening.listeners[0], listening.listeners[0], listening.listeners[1], away] {
                let answer = try await listening.skip(as: user)
                #expect(answer.status == 200)
                #expect(answer.json["nowPlaying"]["item"]["trackRef"]["title"] == "first", "half is not more than half")
            }
            #expect(
                try await listening.skip(as: listening.listeners[2]).json["nowPlaying"]["item"]["trackRef"]["title"]
                    == "second")
            // Votes are for one track.
            #expect(
                try await listening.skip(as: listening.listeners[2]).json["nowPlaying"]["item"]["trackRef"]["title"]
                    == "second")
        }
    }

    @Test func aListenerWhoGoesLeavesAMajority() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 3, track: 60_000)
            try await listening.queue("second")
            for user in listening.listeners.prefix(2) { _ = try await listening.skip(as: user) }
            #expect(try await listening.playing() == "first")
            try await listening.call(.post, "/leave", as: listening.listeners[2])
            #expect(try await listening.playing() == "second")
        }
    }

    @Test func allListenersVoteAtOnce() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 30, track: 60_000)
            for number in 0..<5 { try await listening.queue("\(number)") }
            let playing = try await listening.session()["nowPlaying"]["item"]["id"].string
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for user in listening.listeners {
                    group.addTask { try await listening.skip(playing, as: user).status }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.filter { $0 == 200 }.count == 16, "sixteen of thirty-one carry it, the rest comes late")
            #expect(try await listening.facts(.trackStarted).count == 2)
        }
    }

    @Test func aPauseStandsAndAResumeMovesTheStart() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1, track: 60_000)
            let before = try await listening.session()["nowPlaying"]["startedAt"].string.flatMap(Timestamp.init)
            let paused = try await listening.call(.post, "/pause", as: listening.host).json
            #expect(paused["status"] == "paused")
            let position = paused["nowPlaying"]["positionMs"].int ?? -1
            #expect(
                paused["nowPlaying"]["pausedAt"].string.flatMap(Timestamp.init)?.since(before!)
                    == .milliseconds(position))
            try await Task.sleep(for: .milliseconds(50))
            #expect(
                try await listening.call(.post, "/pause", as: listening.host).json["nowPlaying"]["positionMs"].int
                    == position)
            #expect(try await listening.session()["nowPlaying"]["positionMs"].int == position)
            #expect(try await rooms.app.store.dueSessions(limit: 1).next == nil, "nothing ends meanwhile")
            let resumed = try await listening.call(.post, "/resume", as: listening.host).json
            #expect(resumed["status"] == "active")
            #expect(resumed["nowPlaying"]["pausedAt"] == .null)
            let after = resumed["nowPlaying"]["startedAt"].string.flatMap(Timestamp.init)
            #expect(after! >= before! + .milliseconds(50))
            #expect(
                try await listening.call(.post, "/resume", as: listening.host).json["nowPlaying"]["startedAt"].string
                    .flatMap(Timestamp.init) == after)
            #expect(try await listening.call(.post, "/pause", as: listening.listeners[0]).code == "forbidden")
        }
    }

    @Test func aSkipEndsAPause() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms)
            #expect(try await listening.call(.post, "/pause", as: listening.host).code == "conflict", "nothing plays")
            try await listening.queue("first")
            try await listening.queue("second")
            try await listening.call(.post, "/pause", as: listening.host)
            let next = try await listening.skip(as: listening.host).json
            #expect(next["status"] == "active")
            #expect(next["nowPlaying"]["item"]["trackRef"]["title"] == "second")
        }
    }
}
