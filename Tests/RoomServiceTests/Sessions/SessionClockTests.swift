import Events
import HTTPSupport
import HTTPTypes
import Identifiers
import Logging
import Postgres
import ServiceSupport
import Testing
import TestSupport

@testable import RoomService

/// Tracks end when they are over, once, whoever keeps the clock.
@Suite struct SessionClockTests {
    @Test func theBestOfTheQueueFollows() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, listeners: 1, track: 60_000)
            try await listening.queue("second")
            let third = try await listening.queue("third")
            try await listening.vote("upvote", third, as: listening.listeners[0])
            let wait = try await listening.clock.advance()
            #expect(wait > .zero && wait <= .seconds(1))
            #expect(try await listening.playing() == "first", "it is not over yet")
            try await listening.passEnd()
            let before = try await rooms.sql("SELECT clock_timestamp()")[0].get(0, as: Timestamp.self)
            try await Self.runDue(listening)
            let session = try await listening.session()
            #expect(session["nowPlaying"]["item"]["trackRef"]["title"] == "third")
            let started = session["nowPlaying"]["startedAt"].string.flatMap(Timestamp.init)
            #expect(started! >= before, "it starts when it is started, however late that is")
            #expect(try await listening.waiting() == ["second"])
            let skipped = try await rooms.sql("SELECT count(*) FROM session_items WHERE skipped")[0].get(
                0, as: Int.self)
            #expect(skipped == 0)
            let fact = try await listening.facts().last
            #expect(fact?.body.type == .trackStarted)
            #expect(fact?.userId == nil, "the clock did it")
        }
    }

    @Test func afterTheLastTrackThereIsSilence() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            try await listening.passEnd()
            try await Self.runDue(listening)
            #expect(try await listening.session()["nowPlaying"] == .null)
            #expect(try await listening.session()["status"] == "active")
            try await listening.queue("next")
            #expect(try await listening.playing() == "next")
        }
    }

    @Test func aPausedTrackDoesNotEnd() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            try await listening.call(.post, "/pause", as: listening.host)
            try await listening.passEnd()
            #expect(try await listening.clock.advance() == .seconds(1))
            #expect(try await listening.playing() == "first")
        }
    }

    /// As many instances as there are tasks: each looks and acts by itself.
    @Test func manyClocksAdvanceOnce() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            for number in 0..<5 { try await listening.queue("\(number)") }
            try await listening.passEnd()
            let due = try await rooms.app.store.dueSessions(limit: 10).due
            #expect(due.count == 1)
            let done = try await withThrowingTaskGroup(of: Bool.self) { group in
                for _ in 0..<20 {
                    group.addTask { try await rooms.app.store.advanceIfDue(due[0], seated: .lastSeen) }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(done == 1)
            #expect(try await listening.playing() == "0")
            #expect(try await listening.facts(.trackStarted).count == 2)
        }
    }

    @Test func aSkipAndTheEndAtOnceAdvanceByOneOfThem() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms, track: 60_000)
            for number in 0..<5 { try await listening.queue("\(number)") }
            let playing = try await listening.session()["nowPlaying"]["item"]["id"].string
            try await listening.passEnd()
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<10 {
                    group.addTask { _ = try await listening.skip(playing, as: listening.host) }
                    group.addTask { _ = try await listening.clock.advance() }
                }
                try await group.waitForAll()
            }
            try await Self.runDue(listening)
            #expect(try await listening.playing() == "0")
            #expect(try await listening.facts(.trackStarted).count == 2)
        }
    }

    /// The clock sleeps until the end and not longer; what begins while it sleeps wakes it.
    @Test func aRunningClockIsOnTime() async throws {
        try await TestRooms.run { rooms in
            let listening = try await Listening(rooms)
            try await serving([listening.clock]) {
                for title in ["first", "second", "third"] { try await listening.queue(title, 300) }
                try await eventually("all are over") { try await listening.session()["nowPlaying"] == .null }
            }
            let started = try await listening.facts(.trackStarted).compactMap { fact in
                if case .trackStarted(let session) = fact.body {
                    session["nowPlaying"]["startedAt"].string
                } else {
                    nil
                }
            }.compactMap(Timestamp.init)
            #expect(started.count == 3)
            for (before, after) in zip(started, started.dropFirst()) {
                #expect(after.since(before) >= .milliseconds(300), "never too early")
            }
            #expect(rooms.app.health.jobs.first { $0.name == SessionClock.job }?.lastError == nil)
        }
    }

    private static func runDue(_ listening: Listening) async throws {
        try await eventually("nothing is due") {
            _ = try await listening.clock.advance()
            return try await listening.rooms.app.store.dueSessions(limit: 1).due.isEmpty
        }
    }
}
