import Foundation

/// Commands that tests need, each run to its end without blocking the cooperative pool.
public enum Command {
    /// How a command ended, and all that it printed.
    public struct Ended: Sendable {
        /// What it exited with; 128 and the signal's number where one ended it.
        public let status: Int32
        public let output: String
    }

    /// Runs a command to its end, whatever that is.
    public static func run(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], user: String? = nil
    ) async throws -> Ended {
        let log = FileManager.default.temporaryDirectory.appending(path: "parlor-command-\(UUID()).log")
        defer { try? FileManager.default.removeItem(at: log) }
        let process = try ServerProcess(executable, arguments, environment: environment, user: user, log: log)
        try await eventually("\(executable) ends", within: .seconds(300), every: .milliseconds(5)) {
            !process.isRunning
        }
        return Ended(status: process.exitStatus ?? -1, output: try String(contentsOf: log, encoding: .utf8))
    }

    /// Runs a command that has to succeed.
    ///
    /// - Returns: what it printed, its warnings included.
    /// - Throws: `ServerProcess.Failure` with its words where it did not.
    @discardableResult
    public static func output(
        of executable: String, _ arguments: [String], environment: [String: String] = [:], user: String? = nil
    ) async throws -> String {
        let ended = try await run(executable, arguments, environment: environment, user: user)
        guard ended.status == 0 else {
            throw ServerProcess.Failure(
                description: "\(executable) \(arguments.first ?? "") ended with \(ended.status): \(ended.output)")
        }
        return ended.output
    }
}
