import Events
import HTTPTypes
import Identifiers
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import RoomService

/// Many at once, at several instances: nobody in two rooms, no triple, nobody forgotten, nobody reserved.
@Suite struct PairingRaceTests {
    /// Instances: each with links of its own to the same database and Redis, as other processes have.
    private static func instances(_ count: Int, of rooms: TestRooms) throws -> [RoomStore] {
        try (0..<count).map { _ in
            try RoomApp(rooms.app.settings, clock: rooms.clock.source, patience: .seconds(60), logger: .silent).store
        }
    }

    private static func people(_ count: Int, _ rooms: TestRooms) async throws -> [Caller] {
        var people: [Caller] = []
        for number in 0..<count {
            let user = try await rooms.user("p\(number)")
            people.append(Caller(userID: user.id, displayName: "p\(number)", verifiedEmail: user.email, plan: "free"))
        }
        return people
    }

    private static func each<Input: Sendable>(
        _ inputs: [Input], _ work: @escaping @Sendable (Int, Input) async throws -> Void
    ) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, input) in inputs.enumerated() { group.addTask { try await work(number, input) } }
            try await group.waitForAll()
        }
    }

    /// Two members in every pair's room, nobody in two that live, and a place in pairing for exactly who is in one.
    private static func checkWhole(_ rooms: TestRooms) async throws {
        let sizes = try await rooms.sql(
            """
            SELECT r.id FROM rooms r LEFT JOIN members m ON m.room_id = r.id WHERE r.kind = 'pair'
            GROUP BY r.id HAVING count(m.user_id) <> 2 OR r.member_count <> 2 OR r.fact_head < 2
            """)
        #expect(sizes.isEmpty)
        let doubles = try await rooms.sql(
            """
            SELECT m.user_id FROM members m JOIN rooms r ON r.id = m.room_id WHERE r.kind = 'pair' AND r.is_active
            GROUP BY m.user_id HAVING count(*) > 1
            """)
        #expect(doubles.isEmpty)
        let odd = try await rooms.sql(
            """
            SELECT 1 FROM (SELECT m.user_id, m.room_id FROM members m JOIN rooms r ON r.id = m.room_id
                    WHERE r.kind = 'pair' AND r.is_active) m
                FULL JOIN (SELECT * FROM pairing WHERE room_id IS NOT NULL) p USING (user_id, room_id)
            WHERE m.user_id IS NULL OR p.user_id IS NULL
            """)
        #expect(odd.isEmpty)
        let loose = try await rooms.sql(
            """
            SELECT 1 FROM pairing_interests i LEFT JOIN pairing p ON p.user_id = i.user_id AND p.room_id IS NULL
            WHERE p.user_id IS NULL
            """)
        #expect(loose.isEmpty)
    }

    /// Without a matchmaker: who arrive at one moment find each other by themselves, down to the last.
    @Test func sixtyArriveAtOnceAndNobodyIsLeftOver() async throws {
        try await TestRooms.run { rooms in
            let stores = try Self.instances(3, of: rooms)
            let people = try await Self.people(60, rooms)
            // Everybody twice, at two instances: a search repeated answers as it stands.
            try await Self.each(people + people) { number, person in
                _ = try await stores[number % 3].search(try Interests(["jazz", "own \(number % 60)"]), by: person)
            }
            #expect(try await rooms.sql("SELECT 1 FROM pairing WHERE room_id IS NULL").isEmpty)
            #expect(try await rooms.sql("SELECT 1 FROM rooms WHERE kind = 'pair'").count == 30)
            #expect(try await rooms.told("match_found").count == 30)
            try await Self.checkWhole(rooms)
        }
    }

    /// Each has looked for a partner before the other's search can be seen.
    @Test func twoWhoArriveAtTheSameMomentFindEachOther() async throws {
        try await TestRooms.run { rooms in
            let stores = try Self.instances(2, of: rooms)
            let people = try await Self.people(2, rooms)
            for query: PGQuery in [
                """
                CREATE FUNCTION wait() RETURNS trigger LANGUAGE plpgsql AS $$
                BEGIN PERFORM pg_advisory_xact_lock_shared(42); RETURN NULL; END $$
                """,
                "CREATE TRIGGER wait AFTER INSERT ON pairing_interests FOR EACH STATEMENT EXECUTE FUNCTION wait()",
            ] {
                _ = try await rooms.sql(query)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                try await rooms.app.store.pool.transaction { transaction in
                    try await transaction.execute("SELECT pg_advisory_xact_lock(42)")
                    for (store, person) in zip(stores, people) {
                        group.addTask { _ = try await store.search(try Interests(["jazz"]), by: person) }
                    }
                    try await eventually("both are about to commit") {
                        try await rooms.sql(
                            "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND objid = 42 AND NOT granted"
                        ).count == 2
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await rooms.sql("SELECT 1 FROM pairing WHERE room_id IS NULL").isEmpty)
            #expect(try await rooms.sql("SELECT 1 FROM rooms WHERE kind = 'pair'").count == 1)
            try await Self.checkWhole(rooms)
        }
    }

    @Test func whoCancelsAmidEverythingIsMatchedBeforeOrNever() async throws {
        try await TestRooms.run { rooms in
            let stores = try Self.instances(3, of: rooms)
            let people = try await Self.people(60, rooms)
            let after = Mutex<[UserID: PairingStatus]>([:])
            try await Self.each(people) { number, person in
                let store = stores[number % 3]
                _ = try await store.search(try Interests(["\(number % 4)"]), by: person)
                if number.isMultiple(of: 3) {
                    try await stores[(number + 1) % 3].cancelSearch(of: person.userID)
                    let status = try await store.pairingStatus(of: person.userID)
                    #expect(status != .searching)
                    after.withLock { $0[person.userID] = status }
                }
                if number.isMultiple(of: 10) { _ = await Matchmaker(store: store, logger: .silent).pass() }
            }
            rooms.clock.advance(by: .seconds(10))
            try await Self.each(stores + stores) { _, store in
                _ = await Matchmaker(store: store, logger: .silent).pass()
            }
            let cancelled = after.withLock { $0 }
            #expect(cancelled.count == 20)
            for (user, status) in cancelled {
                #expect(try await stores[0].pairingStatus(of: user) == status, "nothing came of it later")
            }
            #expect(try await rooms.sql("SELECT 1 FROM pairing WHERE room_id IS NULL").count <= 1)
            try await Self.checkWhole(rooms)
        }
    }

    /// Rooms end, are kept and reported while people search on.
    @Test func everythingAtOnce() async throws {
        try await TestRooms.run { rooms in
            let stores = try Self.instances(3, of: rooms)
            let people = try await Self.people(40, rooms)
            try await Self.each(people) { number, person in
                for turn in 0..<4 {
                    let store = stores[(number + turn) % 3]
                    let status = try await store.search(try Interests(["\(turn % 2)"]), by: person)
                    _ = await Matchmaker(store: store, logger: .silent).pass()
                    guard case .matched(let room) = status else { continue }
                    do {
                        switch (number + turn) % 5 {
                        case 0: try await store.endPair(room.id, by: person.userID)
                        case 1: try await store.keep(room.id, by: person.userID)
                        case 2: try await store.reportPartner(room.id, reason: "x", by: person.userID)
                        case 3: _ = try await store.leave(room.id, by: person.userID)
                        default: try await store.like(room.id, by: person.userID)
                        }
                    } catch Refusal.roomEnded, Refusal.conflict, Refusal.notAMember {
                        // The other was quicker.
                    }
                }
            }
            try await Self.checkWholeAfterLeaves(rooms)
        }
    }

    /// The same where somebody has left rooms: those have ended.
    private static func checkWholeAfterLeaves(_ rooms: TestRooms) async throws {
        _ = try await rooms.sql("DELETE FROM rooms WHERE NOT is_active")
        try await checkWhole(rooms)
    }

    /// A transaction that dies with both rows in its hands leaves nobody reserved.
    @Test func aKillAmidAMatchLeavesNobodyReserved() async throws {
        try await TestRooms.run { rooms in
            let people = try await Self.people(3, rooms)
            let store = rooms.app.store
            _ = try await store.search(try Interests(["jazz"]), by: people[0])
            try await store.pool.transaction { transaction in
                // The match comes as far as this table, and no further.
                try await transaction.execute("LOCK TABLE pairs IN EXCLUSIVE MODE")
                async let failed: Void = {
                    await #expect(throws: (any Error).self) {
                        _ = try await store.search(try Interests(["jazz"]), by: people[1])
                    }
                }()
                try await eventually("the match is half done, and killed") {
                    try await !rooms.sql(
                        """
                        SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE datname = current_database() AND wait_event_type = 'Lock'
                            AND query LIKE '%pairs%'
                        """
                    ).isEmpty
                }
                await failed
            }
            #expect(try await store.pairingStatus(of: people[0].userID) == .searching)
            #expect(try await store.pairingStatus(of: people[1].userID) == .none)
            #expect(try await rooms.sql("SELECT 1 FROM rooms").isEmpty)
            guard case .matched = try await store.search(try Interests(["jazz"]), by: people[2]) else {
                throw Unexpected(answer: nil)
            }
            try await Self.checkWhole(rooms)
        }
    }

    /// The table itself refuses what the code must never do.
    @Test func theDatabaseHoldsOnePlaceForEachAndTwoInARoom() async throws {
        try await TestRooms.run { rooms in
            let pair = try await rooms.pair()
            let other = try await rooms.user("other")
            let id = try await rooms.id(of: pair.room)
            func refuses(_ query: PGQuery) async {
                await #expect(throws: PGError.self) { try await rooms.sql(query) }
            }
            await refuses(
                """
                INSERT INTO pairing (user_id, interests, since, expires_at)
                VALUES (\(pair.first.id), '{a}', now(), now())
                """)
            for place in 1...3 {
                await refuses(
                    """
                    INSERT INTO pairing (user_id, room_id, place, interests, since)
                    VALUES (\(other.id), \(id), \(place), '{a}', now())
                    """)
            }
            await refuses(
                """
                INSERT INTO pairs (room_id, first_user, second_user)
                VALUES (\(try await rooms.id(of: try await rooms.room(other))), \(other.id), \(other.id))
                """)
        }
    }

    @Test func aMatchAmongAHundredThousandLooksAtAFew() async throws {
        try await TestRooms.run { rooms in
            let now = rooms.clock.now
            // Popular interests and rare ones; two of them have waited ten seconds already.
            for first in stride(from: 1, to: 100_000, by: 10_000) {
                _ = try await rooms.sql(
                    """
                    WITH u AS (
                        INSERT INTO users (id, email_verified, display_name, told_name, role, plan, created_at, seen_at)
                        SELECT gen_random_uuid(), true, 'n', 'n', 'user', 'free', \(now), \(now)
                        FROM generate_series(1, 10000) RETURNING id
                    ), p AS (
                        INSERT INTO pairing (user_id, interests, since, expires_at)
                        SELECT id, ARRAY['popular', 'n' || n % 1000],
                            \(now) - (CASE WHEN n <= 2 THEN 11000 ELSE n % 9000 END) * interval '1 millisecond',
                            \(now) + interval '1 hour'
                        FROM (SELECT id, \(first) - 1 + row_number() OVER () AS n FROM u) u
                        RETURNING user_id, since, interests
                    )
                    INSERT INTO pairing_interests (interest, since, user_id)
                    SELECT unnest(interests), since, user_id FROM p
                    """)
            }
            _ = try await rooms.sql(
                """
                INSERT INTO pairing_pauses SELECT least(one, other), greatest(one, other), \(now) + interval '1 hour'
                FROM (SELECT gen_random_uuid() AS one, gen_random_uuid() AS other FROM generate_series(1, 20000)) p
                """)
            for table in ["users", "pairing", "pairing_interests", "pairing_pauses"] {
                _ = try await rooms.sql("ANALYZE \(unescaped: table)")
            }
            let me = Searcher(
                userID: .new(), displayName: "me", since: now, interests: try Interests(["popular", "n7", "nobody's"]))
            for query in [
                SearchTable.sharing(with: me, at: now, .skip), SearchTable.anybody(for: me, at: now, .skip),
                SearchTable.patient(at: now, after: nil, limit: 200),
            ] {
                let plan = try await rooms.sql("EXPLAIN (ANALYZE, TIMING off, SUMMARY off, COSTS off) \(query)")
                    .map { try $0.get(0, as: String.self) }
                let text = plan.joined(separator: "\n")
                #expect(!text.contains("Seq Scan"), "\(text)")
                let most = plan.compactMap { $0.firstMatch(of: /rows=(\d+)/).flatMap { Int($0.output.1) } }.max()
                #expect(try #require(most) <= 50, "\(text)")
            }
            let user = try await rooms.user()
            let matched = try await rooms.search(user, "popular")
            let host = try await rooms.sql(
                "SELECT min(since) = \(now - .seconds(11)) FROM pairing WHERE room_id IS NOT NULL")
            #expect(matched.status == 200)
            #expect(try host[0].get(0, as: Bool.self))
        }
    }
}
