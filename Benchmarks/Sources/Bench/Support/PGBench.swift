import Foundation
import TestSupport

/// PostgreSQL's own benchmark tool.
struct PGBench {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let url: String

    /// - Parameter url: of the database, with user and password.
    init(_ url: String) {
        self.url = url
    }

    /// Makes its table of 100,000 accounts.
    func initialize() async throws {
        try await run(["-i", "-q", "-s", "1"])
    }

    /// Runs the script again and again, in prepared statements.
    func transactionsPerSecond(_ script: String, clients: Int, seconds: Int) async throws -> Double {
        let file = FileManager.default.temporaryDirectory.appending(path: "pgbench-\(UUID()).sql")
        defer { try? FileManager.default.removeItem(at: file) }
        try script.write(to: file, atomically: true, encoding: .utf8)
        let output = try await run([
            "-n", "-M", "prepared", "-c", "\(clients)", "-j", "2", "-T", "\(seconds)", "-f", file.path,
        ])
        let line = output.split(separator: "\n").first { $0.hasPrefix("tps = ") }
        guard let rate = line?.split(separator: " ").dropFirst(2).first.flatMap({ Double($0) }) else {
            throw Failure(description: "pgbench said: \(output)")
        }
        return rate
    }

    @discardableResult
    private func run(_ arguments: [String]) async throws -> String {
        let log = FileManager.default.temporaryDirectory.appending(path: "pgbench-\(UUID()).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try ServerProcess("/usr/bin/env", ["pgbench"] + arguments + [url], log: log)
        try await eventually("pgbench ends", within: .seconds(300)) { !process.isRunning }
        return try String(contentsOf: log, encoding: .utf8)
    }
}
