import Foundation
import Synchronization

/// A private RabbitMQ node, gone with the test process at the latest. It takes some seconds to start, so suites that do
/// not hurt it share one and take a virtual host each.
public final class RabbitMQServer: Sendable {
    public let port: Int
    private let distributionPort: Int
    private let mapperPort: Int
    private let folder: URL
    private let broker = Mutex<ServerProcess?>(nil)
    /// Erlang's name service; the node would start one that outlives it.
    private let mapper: ServerProcess

    /// One for all suites of this process that do not hurt it.
    public static func shared() async throws -> RabbitMQServer { try await sharedServer.value() }

    private static let sharedServer = Lazily { try await RabbitMQServer.start() }

    public static func start() async throws -> RabbitMQServer {
        let server = try RabbitMQServer()
        try await server.launch()
        return server
    }

    private init() throws {
        port = try LocalPort.free()
        distributionPort = try LocalPort.free()
        mapperPort = try LocalPort.free()
        folder = FileManager.default.temporaryDirectory.appending(path: "parlor-rabbitmq-\(UUID())")
        try FileManager.default.createDirectory(at: folder.appending(path: "home"), withIntermediateDirectories: true)
        try "[].".write(to: folder.appending(path: "plugins"), atomically: true, encoding: .utf8)
        let settings = """
            listeners.tcp.1 = 127.0.0.1:\(port)
            log.console = true
            log.console.level = warning
            log.file = false
            vm_memory_high_watermark.absolute = 2GB
            disk_free_limit.absolute = 1MB
            """
        try settings.write(to: folder.appending(path: "rabbitmq.conf"), atomically: true, encoding: .utf8)
        mapper = try ServerProcess(
            "/usr/bin/epmd", ["-port", "\(mapperPort)", "-address", "127.0.0.1"],
            log: folder.appending(path: "epmd.log"))
    }

    /// The default virtual host.
    public var url: String { "amqp://guest:guest@127.0.0.1:\(port)" }
    public var pid: Int32? { broker.withLock { $0?.pid } }

    /// Ends it and removes its files.
    public func stop() async throws {
        try await end(with: SIGTERM)
        try await mapper.end(with: SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// `kill -9` of the Erlang machine itself. What was persistent and confirmed survives.
    public func kill() async throws { try await end(with: SIGKILL) }

    /// Kills it and starts it again on the same port with the same data.
    public func restart() async throws {
        try await kill()
        try await launch()
    }

    /// Starts it again on the same port after `kill()`; returns once it serves clients.
    public func launch() async throws {
        let started = try ServerProcess(
            "/usr/lib/rabbitmq/bin/rabbitmq-server", [], environment: environment,
            log: folder.appending(path: "rabbitmq.log"))
        broker.withLock { $0 = started }
        try await eventually("rabbitmq listens on port \(port)", within: .seconds(180), every: .milliseconds(50)) {
            guard started.isRunning else { throw ServerProcess.Failure(description: "rabbitmq-server ended at once") }
            return LocalPort.accepts(port)
        }
    }

    /// Stops its every thought (`SIGSTOP`); the kernel goes on to accept connections for it.
    public func pause() { broker.withLock { $0 }?.signal(SIGSTOP) }

    public func resume() { broker.withLock { $0 }?.signal(SIGCONT) }

    /// Lends an empty virtual host to `body`, and removes it with all that is in it.
    public func withVhost<T>(_ body: (_ url: String) async throws -> T) async throws -> T {
        let name = "test-\(UUID().uuidString.lowercased())"
        try await evaluate(
            """
            rabbit_vhost:add(<<"\(name)">>, <<"test">>),
            rabbit_auth_backend_internal:set_permissions(
                <<"guest">>, <<"\(name)">>, <<".*">>, <<".*">>, <<".*">>, <<"test">>).
            """)
        func remove() async { _ = try? await evaluate("rabbit_vhost:delete(<<\"\(name)\">>, <<\"test\">>).") }
        do {
            let result = try await body("\(url)/\(name)")
            await remove()
            return result
        } catch {
            await remove()
            throw error
        }
    }

    /// With `false` the node believes it is out of memory and takes no messages; with `true` it takes them again.
    public func setTakesMessages(_ takes: Bool) async throws {
        try await evaluate(
            "vm_memory_monitor:set_vm_memory_high_watermark(\(takes ? "{absolute, 2000000000}" : "0.000001")).")
    }

    /// Serves clients over TLS besides, as `localhost`; returns the address, with the file of who vouches for it.
    public func startTLS() async throws -> String {
        let made = try await TestCertificate(in: folder, names: ["DNS:localhost"])
        let port = try LocalPort.free()
        try await evaluate(
            """
            rabbit_networking:ensure_ssl(),
            rabbit_networking:start_ssl_listener(
                {"127.0.0.1", \(port)}, [{certfile, "\(made.certificate)"}, {keyfile, "\(made.key)"}], 1).
            """)
        return "amqps://guest:guest@localhost:\(port)/?cacertfile=\(made.certificate)"
    }

    /// Ends all client connections from the broker's side.
    public func closeConnections() async throws {
        try await evaluate("rabbit_networking:close_all_connections(<<\"test\">>).")
    }

    /// Runs an Erlang expression on the node: what `rabbitmqctl eval` does, without its two seconds of start-up.
    @discardableResult
    public func evaluate(_ expression: String) async throws -> String {
        let cookie = try String(contentsOf: folder.appending(path: "home/.erlang.cookie"), encoding: .utf8)
        // Each call is a node of its own for a moment, and two of one name shut each other out.
        let id = UUID().uuidString
        let script = folder.appending(path: "\(id).erl")
        try "\(expression)\n".write(to: script, atomically: true, encoding: .utf8)
        let text = try await Command.run(
            "/bin/sh", ["-c", "exec erl_call -h \(id) -sname \(nodeName) -c \(cookie) -e < \(script.path)"],
            environment: environment
        ).output
        guard text.hasPrefix("{ok,") else { throw ServerProcess.Failure(description: "erl_call: \(text)") }
        return text
    }

    private var nodeName: String { "parlor\(port)@localhost" }

    private var environment: [String: String] {
        [
            "HOME": folder.appending(path: "home").path, "ERL_EPMD_PORT": "\(mapperPort)",
            "RABBITMQ_NODENAME": nodeName, "RABBITMQ_NODE_PORT": "\(port)",
            "RABBITMQ_DIST_PORT": "\(distributionPort)", "RABBITMQ_MNESIA_BASE": folder.appending(path: "data").path,
            "RABBITMQ_LOG_BASE": folder.appending(path: "log").path, "RABBITMQ_LOGS": "-",
            "RABBITMQ_CONFIG_FILE": folder.appending(path: "rabbitmq").path,
            "RABBITMQ_ENABLED_PLUGINS_FILE": folder.appending(path: "plugins").path,
            "RABBITMQ_CONF_ENV_FILE": "/dev/null", "RABBITMQ_PID_FILE": folder.appending(path: "pid").path,
            // The start script then becomes the Erlang machine instead of minding it, so that our signals reach it.
            "RUNNING_UNDER_SYSTEMD": "1",
            // Idle schedulers must not spin on the cores that the tests need.
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "+S 2:2 +sbwt none +sbwtdcpu none +sbwtdio none",
        ]
    }

    private func end(with signal: Int32) async throws {
        guard let running = broker.withLock({ $0.take() }) else { return }
        try await running.end(with: signal)
    }
}
