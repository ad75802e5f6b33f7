import Foundation
import TestSupport

/// nginx with one file, which is all that it has to think about.
enum StaticSite {
    /// Runs `body` while nginx serves `content` at `path`.
    static func run<T>(_ content: [UInt8], at path: String, _ body: (_ port: Int) async throws -> T) async throws -> T {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appending(path: "parlor-static-\(UUID())")
        let file = folder.appending(path: "www\(path)")
        try files.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        defer { try? files.removeItem(at: folder) }
        try Data(content).write(to: file)
        let port = try LocalPort.free()
        let configuration = folder.appending(path: "nginx.conf")
        try Self.configuration(port).write(to: configuration, atomically: true, encoding: .utf8)
        let nginx = try ServerProcess(
            "/usr/sbin/nginx", ["-p", folder.path, "-e", "stderr", "-c", configuration.path],
            log: folder.appending(path: "nginx.log"))
        try await eventually("nginx listens") { LocalPort.accepts(port) }
        let outcome: Result<T, any Error>
        do { outcome = .success(try await body(port)) } catch { outcome = .failure(error) }
        try await nginx.end(with: SIGTERM)
        return try outcome.get()
    }

    /// As many workers as the gateway has, and the same way of sending; no log.
    private static func configuration(_ port: Int) -> String {
        let user = geteuid() == 0 ? "user root;" : ""
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map { "\($0)_temp_path \($0);" }
        return """
            \(user)
            daemon off;
            worker_processes auto;
            pid nginx.pid;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                tcp_nopush on;
                keepalive_requests 100000000;
                default_type application/json;
                \(folders.joined(separator: " "))
                server { listen 127.0.0.1:\(port); root www; }
            }
            """
    }
}
