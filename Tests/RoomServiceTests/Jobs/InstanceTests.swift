import Events
import HTTPSupport
import Identifiers
import Logging
import ServiceSupport
import Synchronization
import TestSupport
import Testing

@testable import RoomService

/// Two live instances on one database.
@Suite struct InstanceTests {
    /// How often each instance did a job.
    private final class Diary: Sendable {
        private let runs = Mutex<[Int: Int]>([:])

        func note(_ instance: Int) { runs.withLock { $0[instance, default: 0] += 1 } }
        var total: Int { runs.withLock { $0.values.reduce(0, +) } }
        var workers: Set<Int> { runs.withLock { Set($0.keys) } }
    }

    /// The second instance: other links to the same database and Redis, as another process has.
    private func twin(of rooms: TestRooms) throws -> RoomApp {
        try RoomApp(rooms.app.settings, clock: rooms.clock.source, patience: .seconds(60), logger: .silent)
    }

    private func runner(_ app: RoomApp, _ number: Int, _ diary: Diary, _ rooms: TestRooms) -> JobRunner {
        let expiry = ExpiryJob(store: app.store, seats: app.seats, activity: app.activity) { _ in nil }
        let jobs = [
            LifecycleJob(name: "expiry", interval: .seconds(60)) { try await expiry.run(at: $0) },
            LifecycleJob(name: "diary", interval: .seconds(60)) { _ in diary.note(number) },
        ]
        return JobRunner(jobs, pool: app.store.pool, clock: rooms.clock.source, health: app.health, logger: .silent)
    }

    @Test func noJobIsDoneTwice() async throws {
        try await TestRooms.run { rooms in
            let diary = Diary()
            let (first, second) = (rooms.app, try twin(of: rooms))
            let owner = try await rooms.user()
            var made: [String] = []
            for _ in 0..<20 { made.append(try await rooms.room(owner)) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await runner(first, 1, diary, rooms).run() }
                group.addTask { try await runner(second, 2, diary, rooms).run() }
                try await eventually("the job is done") { diary.total == 1 }
                for turn in 2...4 {
                    rooms.clock.advance(by: .seconds(8 * 3600))
                    try await eventually("the job is done again") { diary.total >= turn }
                    #expect(diary.total == turn)
                }
                // The follower shows what the leader did.
                for app in [first, second] {
                    try await eventually("each instance shows the last run") {
                        app.health.jobs.first { $0.name == "diary" }?.lastRunAt == rooms.clock.now
                    }
                }
                group.cancelAll()
                try await group.waitForAll()
            }
            #expect(diary.total == 4)
            #expect(diary.workers.count == 1, "one leads")
            for room in made {
                let facts = try await FactTable.read(
                    of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
                #expect(facts.filter { $0.body.type == .roomEnded }.count == 1)
            }
        }
    }

    @Test func theOtherInstanceGoesOnWhereALeaderStopped() async throws {
        try await TestRooms.run { rooms in
            let diary = Diary()
            let apps = [rooms.app, try twin(of: rooms)]
            try await withThrowingTaskGroup(of: Void.self) { group in
                let leader = Task { try await runner(apps[0], 0, diary, rooms).run() }
                try await eventually("the first leads") { diary.total == 1 }
                group.addTask { try await runner(apps[1], 1, diary, rooms).run() }
                leader.cancel()
                try await leader.value
                rooms.clock.advance(by: .seconds(60))
                try await eventually("the second does what is due") { diary.total >= 2 }
                #expect(diary.total == 2)
                #expect(diary.workers == [0, 1])
                group.cancelAll()
                try await group.waitForAll()
            }
        }
    }

    /// Both at the same work, without a leader between them: the database alone keeps them apart.
    @Test func evenTwoLeadersEndARoomOnce() async throws {
        try await TestRooms.run { rooms in
            let second = try twin(of: rooms)
            let owner = try await rooms.user()
            var made: [String] = []
            for _ in 0..<20 { made.append(try await rooms.room(owner)) }
            rooms.clock.advance(by: .seconds(24 * 3600))
            try await withThrowingTaskGroup(of: Void.self) { group in
                for app in [rooms.app, second, rooms.app, second] {
                    group.addTask {
                        let expiry = ExpiryJob(store: app.store, seats: app.seats, activity: app.activity) { _ in nil }
                        try await expiry.run(at: rooms.clock.now)
                        try await CleanUpJob(store: app.store, purgeAfter: .zero) { _ in }.run(at: rooms.clock.now)
                    }
                }
                try await group.waitForAll()
            }
            for room in made {
                let facts = try await FactTable.read(
                    of: rooms.id(of: room), after: 0, limit: 100, in: rooms.app.store.pool)
                #expect(facts.map(\.fact) == [1, 2])
            }
        }
    }
}
