import Foundation
import ParlorClient
import Synchronization
import TestSupport

/// Another instance of a service, beside the stack's own: the same executable on the same servers, at a port of its own.
final class Instance: Sendable {
    let service: Stack.Service
    let port: Int
    private let stack: Stack
    private let settings: [String: String]
    private let log: URL
    private let process: Mutex<ServerProcess>

    /// Starts an instance and waits until it is ready.
    ///
    /// - Parameter settings: variables of `.env.example` that differ from the stack's.
    init(_ service: Stack.Service, of stack: Stack, _ settings: [String: String] = [:]) async throws {
        FileLimit.raise()
        self.service = service
        self.stack = stack
        port = try LocalPort.free()
        self.settings = settings
        log = URL(fileURLWithPath: try stack.value("LOG_DIR")).appending(path: "\(service)-\(port).log")
        process = Mutex(try Self.launch(service, stack, port: port, settings, log: log))
        try await awaitReady()
    }

    var url: String { "http://127.0.0.1:\(port)" }

    /// What it has logged, line by line.
    var logged: [String] {
        get throws { try String(contentsOf: log, encoding: .utf8).split(separator: "\n").map(String.init) }
    }

    var isRunning: Bool { process.withLock { $0 }.isRunning }

    /// `kill -9`.
    func kill() async throws { try await process.withLock { $0 }.end(with: SIGKILL) }

    /// `SIGTERM`, without waiting for what follows.
    func terminate() { process.withLock { $0 }.signal(SIGTERM) }

    func awaitEnd(within limit: Duration = .seconds(90)) async throws {
        try await eventually("the \(service) instance ends", within: limit) { !isRunning }
    }

    /// Another life at the same place.
    func startAgain() async throws {
        let next = try Self.launch(service, stack, port: port, settings, log: log)
        process.withLock { $0 = next }
        try await awaitReady()
    }

    private static func launch(
        _ service: Stack.Service, _ stack: Stack, port: Int, _ settings: [String: String], log: URL
    ) throws -> ServerProcess {
        var environment = try stack.values
        environment.merge(
            ["HTTP_HOST": "127.0.0.1", "HTTP_PORT": "\(port)", "ENVIRONMENT": "development", "DEV_AUTH": "true"]
        ) { $1 }
        environment.merge(settings) { $1 }
        let executable = service == .notification ? "notification-worker" : "\(service)-service"
        return try ServerProcess("\(stack.value("PARLOR_BIN"))/\(executable)", [], environment: environment, log: log)
    }

    private func awaitReady() async throws {
        // A late answer is one: a question that is given up early is only asked again by who waits longer.
        let http = ParlorHTTP(url, timeout: .seconds(20))
        try await eventually("the \(service) instance is ready", within: .seconds(120), every: .milliseconds(100)) {
            guard isRunning else { throw StackFault(description: "\(service) did not start, see \(log.path)") }
            return (try? await http.exchange("GET", "/ready"))?.status == 200
        }
    }
}

/// Thousands of sockets need as many descriptors, here and in the servers started from here.
enum FileLimit {
    private static let raised: Void = {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = min(limit.rlim_max, 65_536)
        _ = setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }()

    static func raise() { raised }
}

extension Stack {
    /// Everything that `stack.env` says.
    var values: [String: String] {
        get throws {
            let text = try String(contentsOfFile: file, encoding: .utf8)
            let pairs = text.split(separator: "\n").compactMap { line -> (String, String)? in
                let parts = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                return parts.count == 2 ? (String(parts[0]), String(parts[1])) : nil
            }
            return Dictionary(pairs) { $1 }
        }
    }

    /// Where the stack's own instance of a service listens, past the gateway.
    func url(of service: Service) throws -> String { "http://127.0.0.1:\(try value(service.portKey))" }

    /// Runs `body` with one more instance of a service.
    func withInstance<T>(
        _ service: Service, _ settings: [String: String] = [:], _ body: (Instance) async throws -> T
    ) async throws -> T {
        let instance = try await Instance(service, of: self, settings)
        let result: Result<T, any Error>
        do { result = .success(try await body(instance)) } catch { result = .failure(error) }
        try await instance.kill()
        return try result.get()
    }

    /// `kill -9` of a server of the stack; the supervisor starts another one, which is waited for.
    func killServer(_ name: String) async throws {
        let key = name.uppercased() + "_PID", port = Int(try value(name.uppercased() + "_PORT")) ?? 0
        let before = try value(key)
        if let pid = Int32(before) { _ = Glibc.kill(pid, SIGKILL) }
        try await eventually("another \(name) accepts connections", within: .seconds(120), every: .milliseconds(100)) {
            try value(key) != before && LocalPort.accepts(port)
        }
    }

    /// `kill -9` of Redis, which comes back with nothing.
    func killRedisAndItsData() async throws {
        // Unlinked under its hands: what it writes from here on nobody will read.
        let folder = URL(fileURLWithPath: try value("PARLOR_HOME")).appending(path: "data/redis")
        for each in try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil) {
            try FileManager.default.removeItem(at: each)
        }
        try await killServer("redis")
    }
}
