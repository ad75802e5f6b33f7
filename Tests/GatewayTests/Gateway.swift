import Foundation
import ParlorClient
import TestSupport

/// The real gateway (nginx, the shipped template, the script that fills it in) before stand-ins for the services.
struct Gateway {
    enum Service: String, CaseIterable, Sendable { case room, message, signaling, notification }

    struct Refused: Error { var words: String }

    let http: ParlorHTTP
    let port: Int
    let log: URL

    /// Runs `body` with a gateway of its own. Services in `away` do not listen.
    static func run(
        away: Set<Service> = [], origins: String = "https://app.example",
        _ body: @Sendable (Gateway) async throws -> Void
    ) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "parlor-gateway-\(UUID())")
        try FileManager.default.createDirectory(
            at: folder.appending(path: "run"), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await StandIn.run(Service.allCases.filter { !away.contains($0) }) { ports in
            let port = try LocalPort.free()
            let nginx = try await start(on: port, before: ports, origins: origins, folder: folder)
            try await eventually("the gateway listens") { LocalPort.accepts(port) }
            let gateway = Gateway(
                http: ParlorHTTP("http://127.0.0.1:\(port)", timeout: .seconds(60)), port: port,
                log: folder.appending(path: "nginx.log"))
            let outcome: Result<Void, any Error>
            do { outcome = .success(try await body(gateway)) } catch { outcome = .failure(error) }
            try await nginx.end(with: SIGTERM)
            try outcome.get()
        }
    }

    private static func start(
        on port: Int, before ports: [Service: Int], origins: String, folder: URL
    ) async throws -> ServerProcess {
        var settings = [
            "PARLOR_BIND=127.0.0.1", "GATEWAY_PORT=\(port)", "PUBLIC_URL=http://127.0.0.1:\(port)",
            "CORS_ORIGINS=\(origins)",
        ]
        for service in Service.allCases {
            let upstream = try ports[service] ?? LocalPort.free()
            settings.append("\(service.rawValue.uppercased())_PORT=\(upstream)")
        }
        try settings.joined(separator: "\n").write(
            to: folder.appending(path: "config.env"), atomically: true, encoding: .utf8)
        let root = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../..").standardizedFileURL
        let prepared = try await Command.run(
            "/bin/bash", [root.appending(path: "deploy/local/parts/gateway.sh").path, "prepare", "gateway"],
            environment: ["PARLOR_HOME": folder.path])
        let configuration = folder.appending(path: "run/gateway.conf")
        guard FileManager.default.fileExists(atPath: configuration.path) else {
            throw Refused(words: prepared.output)
        }
        return try ServerProcess(
            "/usr/sbin/nginx",
            ["-p", folder.path, "-e", "stderr", "-c", configuration.path, "-g", "daemon off; master_process off;"],
            log: folder.appending(path: "nginx.log"))
    }
}
