public import Foundation
import Glibc
import Postgres
import Synchronization

/// A private PostgreSQL, gone with the test process at the latest.
public final class PostgresServer: Sendable {
    public let port: Int
    /// Where its Unix socket lies.
    public let folder: URL
    private let options: [String]
    /// What vouches for the server as `localhost`, when it is secured.
    public var authorities: String { folder.appending(path: "certificate.pem").path }
    private let binaries: String
    private let process = Mutex<ServerProcess?>(nil)
    private let administration: PGPool

    /// One for all suites of this process that do not hurt it.
    public static func shared() async throws -> PostgresServer { try await sharedServer.value() }

    private static let sharedServer = Lazily { try await PostgresServer.start() }

    /// - Parameters:
    ///   - durable: whether a commit waits for the disk. Tests that kill the process need no such thing: what was
    ///     written survives in the kernel.
    ///   - settings: of postgresql.conf, such as `["max_connections": "10"]`.
    ///   - isSecured: whether it takes TLS, and nothing else over TCP.
    public static func start(
        durable: Bool = false, isSecured: Bool = false, settings: [String: String] = [:]
    ) async throws -> PostgresServer {
        let server = try PostgresServer(durable: durable, isSecured: isSecured, settings: settings)
        try await server.initialize()
        if isSecured { try await server.secure() }
        try await server.launch()
        return server
    }

    private init(durable: Bool, isSecured: Bool, settings: [String: String]) throws {
        port = try LocalPort.free()
        folder = FileManager.default.temporaryDirectory.appending(path: Self.folderName())
        binaries = try Self.findBinaries()
        var all = [
            "listen_addresses": "127.0.0.1", "port": "\(port)", "unix_socket_directories": folder.path,
            "shared_buffers": "64MB", "max_connections": "100", "log_min_messages": "warning",
            // It comes when it likes: into the template while a database is made from it, which then fails, and between
            // a test's rows and the plan it looks at.
            "autovacuum": "off",
        ]
        if isSecured {
            all["ssl"] = "on"
            all["ssl_cert_file"] = folder.appending(path: "certificate.pem").path
            all["ssl_key_file"] = folder.appending(path: "key.pem").path
        }
        if !durable { all.merge(["fsync": "off", "full_page_writes": "off"]) { $1 } }
        options = all.merging(settings) { $1 }.flatMap { ["-c", "\($0)=\($1)"] }
        var configuration = PGConfiguration(url: "postgresql://postgres@127.0.0.1:\(port)/postgres")
        configuration.poolSize = 2
        // Many tests make and drop their databases at once, and that takes the disk a while.
        configuration.maxWaiters = 10_000
        configuration.acquireTimeout = .seconds(300)
        configuration.statementTimeout = .seconds(300)
        administration = PGPool(configuration, logger: .silent)
    }

    public func url(database: String = "postgres") -> String { "postgresql://postgres@127.0.0.1:\(port)/\(database)" }
    public var pid: Int32? { process.withLock { $0?.pid } }

    /// Where a client program of the server's version lies, such as `pgbench`.
    public func tool(_ name: String) -> String { "\(binaries)/\(name)" }

    /// Ends it and removes its files.
    public func stop() async throws {
        try await end(with: SIGINT)
        try? FileManager.default.removeItem(at: folder)
    }

    /// `kill -9` of the server and of all its backends. What was committed survives.
    public func kill() async throws { try await end(with: SIGKILL) }

    /// Kills it and starts it again on the same port with the same data.
    public func restart() async throws {
        try await kill()
        try await launch()
    }

    /// Starts it again on the same port after `kill()`; returns once it serves clients.
    public func launch() async throws {
        let data = folder.appending(path: "data")
        let started = try ServerProcess(
            "\(binaries)/postgres", ["-D", data.path] + options, user: Self.user,
            log: folder.appending(path: "postgres.log"))
        process.withLock { $0 = started }
        try await eventually("postgres serves port \(port)", within: .seconds(300), every: .milliseconds(20)) {
            guard started.isRunning else { throw ServerProcess.Failure(description: "postgres ended: \(lastLog)") }
            // The pool backs off by itself; a server in recovery refuses connections.
            return (try? await administration.query("SELECT 1")) != nil
        }
    }

    /// Stops its every thought (`SIGSTOP`), in all its processes; the kernel goes on to accept connections for it.
    public func pause() {
        guard let server = process.withLock({ $0 }) else { return }
        server.signal(SIGSTOP)
        for backend in Self.children(of: server.pid) { Glibc.kill(backend, SIGSTOP) }
    }

    public func resume() {
        guard let server = process.withLock({ $0 }) else { return }
        for backend in Self.children(of: server.pid) { Glibc.kill(backend, SIGCONT) }
        server.signal(SIGCONT)
    }

    /// Lends an empty database of this server to `body`, and drops it afterwards, whoever is still connected.
    public func withDatabase<T>(_ body: (_ url: String) async throws -> T) async throws -> T {
        let name = "test_\(UUID().uuidString.lowercased().replacing("-", with: ""))"
        try await administration.execute("CREATE DATABASE \(unescaped: name)")
        let outcome: Result<T, any Error>
        do {
            outcome = .success(try await body(url(database: name)))
        } catch {
            outcome = .failure(error)
        }
        // The server may be gone, and the task cancelled: then the database is litter in a folder that goes too.
        _ = try? await administration.execute("DROP DATABASE IF EXISTS \(unescaped: name) WITH (FORCE)")
        return try outcome.get()
    }

    /// Lends an empty database of the shared server.
    public static func withDatabase<T>(_ body: (_ url: String) async throws -> T) async throws -> T {
        try await shared().withDatabase(body)
    }
}

extension PostgresServer {
    /// Whom the server runs as: it refuses to be root.
    private static var user: String? { geteuid() == 0 ? "postgres" : nil }

    private static func findBinaries() throws -> String {
        let root = "/usr/lib/postgresql"
        let versions = (try? FileManager.default.contentsOfDirectory(atPath: root)) ?? []
        let newest = versions.compactMap(Int.init).sorted(by: >).map { "\(root)/\($0)/bin" }
        guard let found = newest.first(where: { FileManager.default.isExecutableFile(atPath: $0 + "/postgres") }) else {
            throw ServerProcess.Failure(description: "no PostgreSQL in \(root): apt install postgresql")
        }
        return found
    }

    /// The process is part of the name, so that another one knows when the folder is litter.
    private static func folderName() -> String { "parlor-postgres-\(getpid())-\(UUID())" }

    /// A database cluster just made, to be copied: making one takes a second of processor time.
    private static let template = Lazily {
        let files = FileManager.default
        removeLitter(files)
        let folder = files.temporaryDirectory.appending(path: folderName())
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        if let user { try files.setAttributes([.ownerAccountName: user], ofItemAtPath: folder.path) }
        let arguments = [
            "-D", folder.appending(path: "data").path, "-U", "postgres", "-A", "trust", "-E", "UTF8",
            "--locale=C.UTF-8", "--no-sync",
        ]
        try await Command.output(of: "\(try findBinaries())/initdb", arguments, user: user)
        return folder
    }

    private func initialize() async throws {
        let template = try await Self.template.value()
        try await Command.output(of: "/bin/cp", ["-a", "--reflink=auto", template.path, folder.path])
    }

    /// Gives it a certificate, and turns away who comes over TCP without TLS.
    private func secure() async throws {
        let certificate = try await TestCertificate(in: folder, names: ["DNS:localhost"])
        if let user = Self.user { try certificate.belong(to: user) }
        try "local all all trust\nhostssl all all 127.0.0.1/32 trust\n"
            .write(to: folder.appending(path: "data/pg_hba.conf"), atomically: false, encoding: .utf8)
    }

    /// Servers die with their process, but their folders stay.
    private static func removeLitter(_ files: FileManager) {
        let root = files.temporaryDirectory
        for name in (try? files.contentsOfDirectory(atPath: root.path)) ?? [] {
            let owner = name.hasPrefix("parlor-postgres-") ? name.split(separator: "-").dropFirst(2).first : nil
            guard let pid = owner.flatMap({ Int32($0) }), Glibc.kill(pid, 0) != 0, errno == ESRCH
            else { continue }
            try? files.removeItem(at: root.appending(path: name))
        }
    }

    private func end(with signal: Int32) async throws {
        guard let running = process.withLock({ $0.take() }) else { return }
        let backends = Self.children(of: running.pid)
        if signal == SIGKILL {
            // The postmaster first, lest it take the death of a backend for a crash and start over.
            running.signal(SIGKILL)
            for backend in backends { Glibc.kill(backend, SIGKILL) }
        }
        try await running.end(with: signal)
        // Only then can the next one have the memory they share.
        try await eventually("the backends are gone", every: .milliseconds(5)) {
            backends.allSatisfy { Glibc.kill($0, 0) != 0 || Self.isZombie($0) }
        }
    }

    private static func isZombie(_ pid: Int32) -> Bool {
        let stat = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ""
        return stat.isEmpty || stat.contains(") Z ")
    }

    private static func children(of pid: Int32) -> [Int32] {
        let list = try? String(contentsOfFile: "/proc/\(pid)/task/\(pid)/children", encoding: .utf8)
        return (list ?? "").split(separator: " ").compactMap { Int32($0) }
    }

    private var lastLog: String {
        let log = try? String(contentsOf: folder.appending(path: "postgres.log"), encoding: .utf8)
        return (log ?? "").split(separator: "\n").suffix(3).joined(separator: " | ")
    }
}
