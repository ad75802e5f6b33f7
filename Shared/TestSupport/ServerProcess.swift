public import Foundation
import Synchronization

/// A server run as a child that dies with the test process, whatever ends that.
public final class ServerProcess: Sendable {
    public struct Failure: Error, CustomStringConvertible {
        public var description: String
    }

    public let pid: Int32
    private let name: String
    private let ended = Mutex<Int32?>(nil)

    /// Starts `executable`, its output appended to `log`.
    ///
    /// - Parameter user: whom to become first, for servers that refuse to run as root.
    public init(
        _ executable: String, _ arguments: [String], environment: [String: String] = [:], user: String? = nil,
        log: URL
    ) throws {
        name = URL(fileURLWithPath: executable).lastPathComponent
        let identity = user.map { ["--reuid=\($0)", "--regid=\($0)", "--clear-groups"] } ?? []
        let command = ["/usr/bin/setpriv", "--pdeathsig", "KILL"] + identity + ["--", executable] + arguments
        let variables = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        pid = try Spawner.shared.spawn(command, environment: variables.map { "\($0)=\($1)" }, log: log.path)
    }

    public var isRunning: Bool { exitStatus == nil }

    /// What it exited with; 128 and the signal's number where one ended it; `nil` while it runs. Fetched from the kernel
    /// here, so that no zombie stays.
    public var exitStatus: Int32? {
        ended.withLock { ended in
            if let ended { return ended }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) != 0 else { return nil }
            let signal = status & 0x7F
            ended = signal == 0 ? (status >> 8) & 0xFF : 128 + signal
            return ended
        }
    }

    /// Sends a signal, e.g. `SIGSTOP`.
    public func signal(_ number: Int32) {
        if isRunning { _ = Glibc.kill(pid, number) }
    }

    /// Sends a signal and returns once the process is gone.
    public func end(with number: Int32) async throws {
        signal(number)
        // A stopped process takes no other signal.
        if number != SIGKILL { signal(SIGCONT) }
        try await eventually("\(name) ends", every: .milliseconds(5)) { !isRunning }
    }
}
