import Foundation
import Synchronization

/// A private Redis, gone with the test process at the latest.
public final class RedisServer: Sendable {
    public let port: Int
    private let folder: URL
    private let options: [String]
    private let process = Mutex<ServerProcess?>(nil)
    private let freeDatabases = Mutex(Array(1..<64))

    /// One for all suites of this process that do not hurt it.
    public static func shared() async throws -> RedisServer { try await sharedServer.value() }

    private static let sharedServer = Lazily { try await RedisServer.start() }

    /// - Parameter options: further command-line options, e.g. `["--requirepass", "secret"]`.
    public static func start(options: [String] = []) async throws -> RedisServer {
        let folder = FileManager.default.temporaryDirectory.appending(path: "parlor-redis-\(UUID())")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        let server = RedisServer(port: try LocalPort.free(), folder: folder, options: options)
        try await server.launch()
        return server
    }

    private init(port: Int, folder: URL, options: [String]) {
        self.port = port
        self.folder = folder
        self.options = options
    }

    public var url: String { "redis://127.0.0.1:\(port)" }
    public var pid: Int32? { process.withLock { $0?.pid } }

    /// Ends it and removes its files.
    public func stop() async throws {
        try await end(with: SIGTERM)
        try? FileManager.default.removeItem(at: folder)
    }

    /// `kill -9`; what it knew is lost, unless options ask for persistence.
    public func kill() async throws { try await end(with: SIGKILL) }

    /// Kills it and starts another one on the same port.
    public func restart() async throws {
        try await kill()
        try await launch()
    }

    /// Starts it again on the same port after `kill()`.
    public func launch() async throws {
        let arguments = [
            "--port", "\(port)", "--bind", "127.0.0.1", "--dir", folder.path, "--save", "", "--appendonly", "no",
            "--databases", "64", "--maxmemory-policy", "noeviction",
        ]
        let started = try ServerProcess(
            "/usr/bin/redis-server", arguments + options, log: folder.appending(path: "redis.log"))
        process.withLock { $0 = started }
        try await eventually("redis listens on port \(port)") {
            guard started.isRunning else { throw ServerProcess.Failure(description: "redis-server ended at once") }
            return LocalPort.accepts(port)
        }
    }

    /// Stops its every thought (`SIGSTOP`); the kernel goes on to accept connections for it.
    public func pause() { process.withLock { $0 }?.signal(SIGSTOP) }

    public func resume() { process.withLock { $0 }?.signal(SIGCONT) }

    /// Lends an empty database of this server to `body`.
    public func withDatabase<T>(_ body: (_ url: String) async throws -> T) async throws -> T {
        let number = freeDatabases.withLock { $0.popLast() }
        guard let number else { throw ServerProcess.Failure(description: "more than 63 Redis databases in use") }
        defer { freeDatabases.withLock { $0.append(number) } }
        let url = "\(url)/\(number)"
        try await RedisServer.flush(url)
        return try await body(url)
    }

    private func end(with signal: Int32) async throws {
        guard let running = process.withLock({ $0.take() }) else { return }
        try await running.end(with: signal)
    }
}
