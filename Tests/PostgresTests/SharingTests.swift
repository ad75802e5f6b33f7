import Postgres
import TestSupport
import Testing

/// Reads that share a link's round trips, on a real server. A pool of four has one link for them.
@Suite struct SharingTests {
    /// Lends a pool with a tap before its server, and what holds two locks: the first is for who leads, whose answer comes
    /// with its release, the second for the first of those who gathered meanwhile.
    private func withCrowd(
        _ body: (_ pool: PGPool, _ tap: WireTap, _ unlock: (Int) async throws -> Void) async throws -> Void
    ) async throws {
        try await PostgresServer.withDatabase { url in
            try await WireTap.run(.postgres, before: url) { tap, tapped in
                try await withPool(url, configure: { $0.poolSize = 1 }) { holder in
                    try await holder.query("SELECT pg_advisory_lock(1), pg_advisory_lock(2)")
                    try await withPool(tapped, configure: { $0.poolSize = 4 }) { pool in
                        try await body(pool, tap) { try await holder.query("SELECT pg_advisory_unlock(\($0))") }
                    }
                }
            }
        }
    }

    private func read(_ pool: PGPool, _ query: PGQuery) async throws -> Int { try await pool.read(query)[0].get(0) }

    /// Starts a read that waits for a lock on the one link that reads share.
    private func lead(_ pool: PGPool) async throws -> Task<Int, any Error> {
        let leader = Task { try await read(pool, "SELECT 0 FROM pg_advisory_xact_lock(1)") }
        try await eventually("the first is under way") { pool.statistics.busy == 1 }
        return leader
    }

    private func gather(_ count: Int, _ pool: PGPool) async throws {
        try await eventually("\(count) have gathered") { pool.statistics.waiting == count }
    }

    @Test func whatGathersMeanwhileLeavesTogether() async throws {
        try await withCrowd { pool, tap, unlock in
            let leader = try await lead(pool)
            let first = Task { try await read(pool, "SELECT 1 FROM pg_advisory_xact_lock(2)") }
            try await gather(1, pool)
            let others = (2...5).map { number in Task { try await read(pool, "SELECT \(number)") } }
            try await gather(5, pool)
            // Who wants a link alone is not kept by them.
            try await pool.query("SELECT 7")
            _ = tap.take()
            try await unlock(1)
            #expect(try await leader.value == 0)
            var sent = 0
            try await eventually("all are with the server, though none is answered") {
                sent += tap.take().count
                return sent == 5
            }
            try await unlock(2)
            #expect(try await first.value == 1)
            for (number, other) in zip(2..., others) { #expect(try await other.value == number) }
            #expect(pool.statistics.busy == 0)
            #expect(pool.statistics.size == 2)
        }
    }

    @Test func aFailureIsItsOwn() async throws {
        try await withCrowd { pool, _, unlock in
            let leader = try await lead(pool)
            let reads = [1, 0, 2, 0, 4].map { divisor in Task { try await read(pool, "SELECT 4 / \(divisor)") } }
            let malformed = Task { try await read(pool, "SELEKT") }
            try await gather(6, pool)
            try await unlock(1)
            _ = try await leader.value
            var values: [Int?] = []
            for read in reads { values.append(try? await read.value) }
            #expect(values == [4, nil, 2, nil, 1])
            #expect(await pgError { try await malformed.value }?.sqlState == "42601")
            #expect(await pgError { try await reads[1].value }?.sqlState == "22012")
        }
    }

    @Test func whoIsCancelledWhileGatheringLeaves() async throws {
        try await withCrowd { pool, tap, unlock in
            let leader = try await lead(pool)
            let fickle = Task { try await read(pool, "SELECT 1") }
            try await gather(1, pool)
            let patient = Task { try await read(pool, "SELECT 2") }
            try await gather(2, pool)
            fickle.cancel()
            await #expect(throws: CancellationError.self) { try await fickle.value }
            try await unlock(1)
            #expect(try await patient.value == 2)
            _ = try await leader.value
            #expect(!tap.take().contains { $0.statements == ["SELECT 1"] })
        }
    }

    /// A request to cancel would hit whatever the server is at, which may be another's.
    @Test func whoIsCancelledOnTheWayHarmsNobody() async throws {
        try await withCrowd { pool, tap, unlock in
            let leader = try await lead(pool)
            let first = Task { try await read(pool, "SELECT 1 FROM pg_advisory_xact_lock(2)") }
            try await gather(1, pool)
            let second = Task { try await read(pool, "SELECT 2") }
            try await gather(2, pool)
            _ = tap.take()
            try await unlock(1)
            var sent = 0
            try await eventually("both are with the server") {
                sent += tap.take().count
                return sent == 2
            }
            first.cancel()
            second.cancel()
            try await unlock(2)
            #expect(try await first.value == 1)
            #expect(try await second.value == 2)
            _ = try await leader.value
        }
    }

    @Test func aLostLinkFailsThoseOnItAndNobodyElse() async throws {
        try await withCrowd { pool, tap, unlock in
            let leader = try await lead(pool)
            let company = Task { try await read(pool, "SELECT 1 FROM pg_advisory_xact_lock(2)") }
            try await gather(1, pool)
            let more = (2...8).map { number in Task { try await read(pool, "SELECT \(number)") } }
            try await gather(8, pool)
            // There is no room for the ninth.
            let late = Task { try await read(pool, "SELECT 9") }
            try await gather(9, pool)
            try await unlock(1)
            _ = try await leader.value
            try await eventually("they are under way") { pool.statistics.waiting == 1 }
            try await eventually("and gone") {
                try await pool.query(
                    """
                    SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                    WHERE datname = current_database() AND query LIKE 'SELECT 1 FROM pg_advisory%' AND wait_event = 'advisory'
                    """
                ).count == 1
            }
            for task in [company] + more { #expect(await pgError { try await task.value }?.kind == .connection) }
            #expect(try await late.value == 9)
        }
    }

    @Test func aPlanThatBecameStaleIsMadeAnew() async throws {
        try await withCrowd { pool, _, unlock in
            try await pool.execute("CREATE TABLE t (a int)")
            try await pool.execute("INSERT INTO t VALUES (5)")
            #expect(try await pool.read("SELECT * FROM t")[0].get(0, as: Int32.self) == 5)
            let leader = try await lead(pool)
            let others = (0..<3).map { _ in Task { try await pool.read("SELECT * FROM t")[0].get(1, as: Int32.self) } }
            try await gather(3, pool)
            try await pool.execute("ALTER TABLE t ADD b int DEFAULT 6")
            try await unlock(1)
            for other in others { #expect(try await other.value == 6) }
            _ = try await leader.value
        }
    }

    @Test func aCrowdGetsEachItsOwnAnswer() async throws {
        try await withPool(configure: { $0.poolSize = 8 }) { pool in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for caller in 0..<32 {
                    group.addTask {
                        for round in 0..<100 {
                            let number = caller * 1000 + round
                            let answer = try await read(pool, "SELECT \(number)")
                            #expect(answer == number)
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(pool.statistics.size <= 2)
            #expect(pool.statistics.busy == 0)
        }
    }
}
