import Foundation
import Redis
import TestSupport

/// The Redis driver beside `redis-benchmark`, one after the other on the same server: 50 callers, 16 commands a pipeline.
enum RedisBench {
    private static let callers = 50
    private static let depth = 16
    private static let time = Duration.seconds(4)

    static func run(_ report: Report) async throws {
        let server = try await RedisServer.start()
        let results = try await RedisClient.withClient(server.url, configure: { $0.commandTimeout = .seconds(60) }) {
            redis in
            let tool = try await tool(server)
            let set = RedisCommand("SET", "key:ours", "xxx"), get = RedisCommand("GET", "key:ours")
            return [
                Comparison(
                    name: "SET, \(callers) callers × \(depth) pipelined", ours: try await pipelined(set, redis),
                    bare: tool["SET"], unit: "/s", aim: .atLeast(0.5)),
                Comparison(
                    name: "GET, \(callers) callers × \(depth) pipelined", ours: try await pipelined(get, redis),
                    bare: tool["GET"], unit: "/s", aim: .atLeast(0.5)),
                // No pipelines on our side: commands of callers who know nothing of each other share writes.
                Comparison(
                    name: "GET, \(callers * depth) callers, one command each", ours: try await single(get, redis),
                    bare: tool["GET"], unit: "/s", aim: .atLeast(0.25)),
            ]
        }
        for result in results { report.row(result) }
        try await server.stop()
    }

    private static func pipelined(_ command: RedisCommand, _ redis: RedisClient) async throws -> Double {
        let commands = Array(repeating: command, count: depth)
        return try await measureThroughput(callers: callers, for: time) { _ in
            _ = try await redis.pipeline(commands)
        } * Double(depth)
    }

    private static func single(_ command: RedisCommand, _ redis: RedisClient) async throws -> Double {
        try await measureThroughput(callers: callers * depth, for: time) { _ in _ = try await redis.send(command) }
    }

    /// Rates by command name.
    private static func tool(_ server: RedisServer) async throws -> [String: Double] {
        let log = FileManager.default.temporaryDirectory.appending(path: "redis-benchmark-\(UUID()).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try ServerProcess(
            "/usr/bin/redis-benchmark",
            [
                "-p", "\(server.port)", "-c", "\(callers)", "-P", "\(depth)", "-n", "2000000", "-t", "set,get", "--csv",
            ], log: log)
        try await eventually("redis-benchmark ends", within: .seconds(300)) { !process.isRunning }
        var rates: [String: Double] = [:]
        for line in try String(contentsOf: log, encoding: .utf8).split(separator: "\n") {
            let fields = line.split(separator: ",").map { $0.trimmingCharacters(in: ["\""]) }
            if fields.count > 1, let rate = Double(fields[1]) { rates[fields[0]] = rate }
        }
        return rates
    }
}
