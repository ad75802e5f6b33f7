import Foundation
import ParlorClient
import Redis
import TestSupport

/// Sockets that join and leave, beside `redis-benchmark` running the same script on the same Redis. A join is also a
/// connection, an upgrade, a token checked, a membership looked up, a first frame; a leave is a second script.
enum JoinBench {
    private static let rooms = 16
    private static let peopleInRoom = 4

    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        let people = try await stack.people(rooms * peopleInRoom)
        var codes: [String] = []
        for room in 0..<rooms {
            codes.append(try await stack.room(of: Array(people[(room * peopleInRoom)...].prefix(peopleInRoom))))
        }
        let port = try stack.port("SIGNALING")
        let (all, rooms) = (people, codes)
        let clock = ProcessorClock()
        let joins = try await measureThroughput(callers: people.count, for: .seconds(6)) { caller in
            let socket = try await LightSocket.join(
                rooms[caller / peopleInRoom], port: port, token: all[caller].token
            ) { _ in }
            await socket.leave()
        }
        report.row(
            Comparison(
                name: "\(people.count) at once, join and leave, beside the join script alone", ours: joins,
                bare: try await script(stack, room: codes[0]), unit: "/s", aim: .none))
        report.note("the clients took \(Int(clock.share * 100)) % of one processor")
    }

    /// Runs of `join.lua` per second.
    private static func script(_ stack: Stack, room code: String) async throws -> Double {
        let lua = URL(fileURLWithPath: #filePath).appending(path: "../../../../../Services/SignalingService/Lua")
            .standardized
        let text =
            try String(contentsOf: lua.appending(path: "prelude.lua"), encoding: .utf8)
            + String(contentsOf: lua.appending(path: "join.lua"), encoding: .utf8)
        let url = try stack.value("REDIS_URL")
        let sha = try await RedisClient.withClient(url) { redis in
            try await redis.send(RedisCommand("SCRIPT", "LOAD", text)).string
        }
        guard let sha, let parts = URLComponents(string: url) else { throw Stack.Fault(description: "no script") }
        let tag = "{room:\(code)}"
        let keys = ["room:\(code)"] + ["seats", "users", "nodes", "meta", "new"].map { "\(tag):\($0)" }
        // Ten users come again and again, with a new connection each time.
        let arguments = [
            "29500", "0", "0", "00000000-0000-7000-8000-__rand_int__", "10000000-0000-7000-8000-__rand_int__",
            "bench/1",
            "Bench", "member", "5",
        ]
        let log = FileManager.default.temporaryDirectory.appending(path: "redis-benchmark-\(UUID()).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try ServerProcess(
            "/usr/bin/env",
            [
                "redis-benchmark", "-p", "\(parts.port ?? 6379)", "-a", parts.password ?? "", "-c", "64", "-n", "40000",
                "-r", "10", "-q", "EVALSHA", sha, "\(keys.count)",
            ] + keys + arguments, log: log)
        try await eventually("redis-benchmark ends", within: .seconds(300)) { !process.isRunning }
        let output = try String(contentsOf: log, encoding: .utf8)
        guard let rate = output.matches(of: /([0-9.]+) requests per second/).last.flatMap({ Double($0.1) }) else {
            throw Stack.Fault(description: "redis-benchmark said: \(output.suffix(300))")
        }
        return rate
    }
}
