import Foundation
import IOReactor
import Logging
import Postgres
import TestSupport

/// The Postgres driver beside bare libpq (latency) and pgbench (throughput), with one and the same statement.
enum PostgresBench {
    static func run(_ report: Report) async throws {
        let server = try await PostgresServer.start()
        try await PGBench(server.url()).initialize()
        report.row(try await latency(server))
        for row in try await throughput(server) { report.row(row) }
        try await server.stop()
    }

    /// One caller, one statement at a time. Both take turns in short blocks, so that the machine's moods hit both.
    private static func latency(_ server: PostgresServer) async throws -> Comparison {
        let bare = try await OwnThread.run("bare") { [url = server.url()] in
            let bare = try BarePostgres(url)
            try bare.prepareLookUp()
            return bare
        }
        return try await withPool(server, size: 1) { pool in
            var (theirs, ours): ([Duration], [Duration]) = ([], [])
            for block in 0..<60 {
                let ids = (0..<200).map { Int32(($0 * 7919 + block) % 100_000 + 1) }
                theirs += try await OwnThread.run("bare") {
                    try ids.map { id in try measure { try bare.balance(of: id) } }
                }
                for id in ids {
                    let start = ContinuousClock.now
                    _ = try await balance(of: id, pool)
                    ours.append(ContinuousClock.now - start)
                }
            }
            return Comparison(
                name: "one query, median, beside libpq", ours: ours.medianMicroseconds, bare: theirs.medianMicroseconds,
                unit: "µs", aim: .atMost(2))
        }
    }

    private static let script =
        "\\set aid random(1, 100000)\nSELECT abalance FROM pgbench_accounts WHERE aid = :aid;\n"

    /// Sixteen callers of a pool of sixteen, whose reads share links: anywhere, and where handlers run.
    private static func throughput(_ server: PostgresServer) async throws -> [Comparison] {
        let threads = [ReactorTasks(Reactor(name: "bench-1")), ReactorTasks(Reactor(name: "bench-2"))]
        return try await withPool(server, size: 16) { pool in
            var (theirs, anywhere, onReactors): ([Double], [Double], [Double]) = ([], [], [])
            for _ in 0..<3 {
                theirs.append(
                    try await PGBench(server.url()).transactionsPerSecond(script, clients: 16, seconds: 2))
                for isAnywhere in [true, false] {
                    let rate = try await measureThroughput(
                        callers: 16, for: .seconds(2), on: { isAnywhere ? nil : threads[$0 % 2] }
                    ) { _ in
                        _ = try await balance(of: Int32.random(in: 1...100_000), pool)
                    }
                    if isAnywhere { anywhere.append(rate) } else { onReactors.append(rate) }
                }
            }
            return [
                Comparison(
                    name: "16 callers, beside pgbench -M prepared", ours: anywhere.sorted()[1],
                    bare: theirs.sorted()[1], unit: "/s", aim: .atLeast(0.9)),
                Comparison(
                    name: "16 on two reactors, as handlers run, beside the same", ours: onReactors.sorted()[1],
                    bare: theirs.sorted()[1], unit: "/s", aim: .atLeast(0.9)),
            ]
        }
    }

    private static func balance(of id: Int32, _ pool: PGPool) async throws -> Int {
        try await pool.read("SELECT abalance FROM pgbench_accounts WHERE aid = \(id)")[0].get(0)
    }

    private static func measure(_ work: () throws -> Void) rethrows -> Duration {
        let start = ContinuousClock.now
        try work()
        return ContinuousClock.now - start
    }

    private static func withPool<T>(
        _ server: PostgresServer, size: Int, _ body: (PGPool) async throws -> T
    ) async throws -> T {
        var configuration = PGConfiguration(url: server.url())
        configuration.poolSize = size
        let pool = PGPool(configuration, logger: .silent)
        let result = try await body(pool)
        await pool.close()
        return result
    }
}
