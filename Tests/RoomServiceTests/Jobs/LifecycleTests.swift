import Events
import HTTPSupport
import HTTPTypes
import Identifiers
import Logging
import Postgres
import Redis
import Synchronization
import TestSupport
import Testing

@testable import RoomService

@Suite struct LifecycleTests {
    private func expiry(_ rooms: TestRooms, lastMessageAt: Timestamp? = nil) -> ExpiryJob {
        ExpiryJob(store: rooms.app.store, seats: rooms.app.seats, activity: rooms.app.activity) { _ in lastMessageAt }
    }

    @Test func aMeetingEndsAtItsMomentForWhoeverLooks() async throws {
        try await TestRooms.run { rooms in
            let (owner, other) = (try await rooms.user(), try await rooms.user())
            let room = try await rooms.room(owner)
            let expiresAt = try await rooms.call(.get, "/rooms/\(room)", as: owner).json["expiresAt"].string
            let end = try #require(expiresAt.flatMap(Timestamp.init))
            rooms.clock.advance(by: end.since(rooms.clock.now) - .milliseconds(1))
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: owner).json["isActive"] == true)
            rooms.clock.advance(by: .milliseconds(1))
            let ended = try await rooms.call(.get, "/rooms/\(room)", as: owner)
            #expect(ended.json["isActive"] == false)
            #expect(ended.json["expiresAt"] == .null)
            #expect(try await rooms.call(.post, "/rooms/\(room)/join", as: other).code == "room_ended")
            let facts = try await FactTable.read(
                of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
            #expect(facts.last?.userId == nil)
            guard case .roomEnded(_, .expired) = facts.last?.body else { throw Unexpected(answer: nil) }
        }
    }

    @Test func theJobEndsWhatNobodyLooksAtAndSparesWhatLives() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let idle = try await rooms.room(owner)
            let seated = try await rooms.room(owner)
            let chat = try await rooms.room(owner, ["kind": "chat", "name": "Stays"])
            try await rooms.seat([owner.id], in: seated)
            rooms.clock.advance(by: .seconds(24 * 3600))
            try await expiry(rooms).run(at: rooms.clock.now)
            try await expiry(rooms).run(at: rooms.clock.now)
            let active = try await rooms.call(.get, "/rooms", as: owner).json.items.compactMap { $0["roomId"].string }
            #expect(Set(active) == [seated, chat])
            let facts = try await FactTable.read(
                of: rooms.id(of: idle), after: 0, limit: 100, in: rooms.app.store.pool)
            #expect(facts.filter { $0.body.type == .roomEnded }.count == 1)
        }
    }

    @Test func aMessageThatNobodyToldOfKeepsARoomAlive() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner)
            rooms.clock.advance(by: .seconds(24 * 3600))
            try await expiry(rooms, lastMessageAt: rooms.clock.now - .seconds(60)).run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(room)", as: owner).json["isActive"] == true)
        }
    }

    @Test func cleaningUpTakesWhatIsOver() async throws {
        try await TestRooms.run { rooms in
            let people = try await Everybody(rooms)
            let (kept, deleted) = (
                try await people.room(rooms, type: "private"), try await people.room(rooms, isEnded: true)
            )
            try await rooms.call(.post, "/rooms/\(kept)/invite", as: people.owner, body: ["email": "x@example.test"])
            let until = JSONValue.string((rooms.clock.now + .seconds(60)).description)
            try await rooms.call(
                .post, "/rooms/\(kept)/bans", as: people.owner,
                body: ["userId": .string(people.other.id.description), "until": until])
            let job = CleanUpJob(store: rooms.app.store, purgeAfter: .seconds(30 * 86_400)) { _ in }
            rooms.clock.advance(by: .seconds(29 * 86_400))
            try await job.run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(deleted)", as: people.owner).status == 200)
            let states = try await rooms.sql("SELECT status FROM invitations")
            #expect(try states.map { try $0.get(0, as: String.self) } == ["expired"])
            #expect(try await rooms.sql("SELECT 1 FROM room_bans WHERE until IS NOT NULL").isEmpty)
            rooms.clock.advance(by: .seconds(86_400))
            try await job.run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(deleted)", as: people.owner).status == 404)
            #expect(try await rooms.call(.get, "/rooms/\(kept)/audit/verify", as: people.owner).json["valid"] == true)
        }
    }

    @Test func countsAreSetRightFromTheSeats() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let (left, taken) = (try await rooms.room(owner), try await rooms.room(owner))
            _ = try await rooms.sql("UPDATE rooms SET participant_count = 3 WHERE code = \(left)")
            try await rooms.seat([owner.id], in: taken)
            try await MaintenanceJob(activity: rooms.app.activity, clock: rooms.clock.source).run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(left)", as: owner).json["participantCount"] == 0)
            #expect(try await rooms.call(.get, "/rooms/\(taken)", as: owner).json["participantCount"] == 1)
        }
    }

    /// The seats are looked for among all keys, a page at a time; most pages have none.
    @Test func countsAreSetRightAmongManyOtherKeys() async throws {
        try await TestRooms.run { rooms in
            for number in 0..<3000 { _ = try await rooms.redis.send(RedisCommand("SET", "limit:\(number)", "1")) }
            let owner = try await rooms.user()
            let taken = try await rooms.room(owner)
            try await rooms.seat([owner.id], in: taken)
            try await MaintenanceJob(activity: rooms.app.activity, clock: rooms.clock.source).run(at: rooms.clock.now)
            #expect(try await rooms.call(.get, "/rooms/\(taken)", as: owner).json["participantCount"] == 1)
        }
    }

    @Test func activityIsTakenFromEvents() async throws {
        try await TestRooms.run { rooms in
            let owner = try await rooms.user()
            let room = try await rooms.room(owner)
            let code = try #require(RoomCode(room))
            var batch = ActivityBatch()
            let later = rooms.clock.now + .seconds(60)
            batch.add(MessageTally.Room(roomId: code, count: 1, latest: later))
            batch.add(MessageTally.Room(roomId: code, count: 1, latest: later - .seconds(1)))
            batch.add(
                Event(
                    body: .userJoined(
                        PresenceChange(
                            participant: ParticipantView(
                                userId: owner.id, displayName: "x", role: .owner, connections: [], joinedAt: later,
                                media: [:]), participantCount: 1)), userId: owner.id, timestamp: later), in: code)
            try await rooms.seat([owner.id], in: room)
            try await rooms.app.activity.apply(batch)
            let seen = try await rooms.call(.get, "/rooms/\(room)", as: owner)
            #expect(seen.json["lastActivityAt"].string == later.description)
            #expect(seen.json["participantCount"] == 1)
            let stats = try await rooms.call(.get, "/rooms/\(room)/stats", as: owner)
            #expect(stats.json["messageCount"] == 2)
            #expect(stats.json["peakParticipants"] == 1)
        }
    }

    @Test func aJobIsDoneOnceShownAndTriedAgain() async throws {
        struct Broken: Error {}
        try await TestRooms.run { rooms in
            let runs = Mutex(0)
            let health = rooms.app.health
            let job = LifecycleJob(name: "test", interval: .seconds(60)) { _ in
                if runs.withLock({
                    $0 += 1; return $0
                }) == 2 {
                    throw Broken()
                }
            }
            func runner() -> JobRunner {
                JobRunner([job], pool: rooms.app.store.pool, clock: rooms.clock.source, health: health, logger: .silent)
            }
            #expect(health.jobs.isEmpty)
            let first = runner()
            #expect(health.jobs.map(\.lastRunAt) == [nil])
            var turn = try await first.beginTurn()
            await first.runDue(&turn)
            await first.runDue(&turn)
            #expect(runs.withLock { $0 } == 1)
            // The next leader knows what the last one did.
            let second = runner()
            var next = try await second.beginTurn()
            await second.runDue(&next)
            #expect(runs.withLock { $0 } == 1)
            rooms.clock.advance(by: .seconds(60))
            await second.runDue(&next)
            #expect(health.jobs.first?.lastError?.contains("Broken") == true)
            let shown = try await rooms.call(.get, "/health").json["jobs"]
            #expect(shown[0]["name"] == "test")
            #expect(shown[0]["lastError"].string?.contains("Broken") == true)
            #expect(shown[0]["lastRunAt"].string == rooms.clock.now.description)
            rooms.clock.advance(by: .seconds(5))
            await second.runDue(&next)
            #expect(runs.withLock { $0 } == 3)
            #expect(health.jobs.first?.lastError == nil)
            #expect(health.jobs.first?.lastRunAt == rooms.clock.now)
        }
    }
}
