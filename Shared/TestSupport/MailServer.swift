internal import Foundation
private import Synchronization

/// A real SMTP server (aiosmtpd) on a port of its own, which misbehaves as the recipient's address asks:
/// `Tests/MailServer/mail_server.py` lists how. It ends with the test process.
public final class MailServer: Sendable {
    /// How the server protects its connections. Certificates are self-signed for `localhost`.
    public enum Security: String, Sendable { case none, offered, implicit }

    public let port: Int
    private let directory: URL
    private let arguments: [String]
    private let process = Mutex<ServerProcess?>(nil)

    /// Starts a server and returns once it listens.
    public init(security: Security = .none, user: String? = nil, password: String? = nil) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "parlor-mail-\(UUID())")
        port = try LocalPort.free()
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var arguments = ["--port", "\(port)", "--dir", directory.path, "--tls", security.rawValue]
        if security != .none {
            let certificate = try await TestCertificate(in: directory)
            arguments += ["--certificate", certificate.certificate, "--key", certificate.key]
        }
        if let user { arguments += ["--user", user, "--password", password ?? ""] }
        self.arguments = arguments
        try await launch()
    }

    deinit {
        process.withLock { $0?.signal(SIGKILL) }
        try? FileManager.default.removeItem(at: directory)
    }

    /// The PEM file a client may trust, when the server has TLS.
    public var authorities: String { directory.appending(path: "certificate.pem").path }

    /// `kill -9`: connections break, nothing is answered any more.
    public func kill() async throws {
        try await process.withLock { $0.take() }?.end(with: SIGKILL)
    }

    /// Starts it, after `kill()` at the same port and with the mails it has.
    public func launch() async throws {
        // Its tracebacks of broken connections are no news to whoever reads the output of tests.
        let started = try ServerProcess(
            try await PythonWithMail.interpreter(), [Self.script] + arguments,
            log: directory.appending(path: "server.log"))
        process.withLock { $0 = started }
        try await eventually("the mail server listens on port \(port)") {
            guard started.isRunning else { throw ServerProcess.Failure(description: "the mail server ended at once") }
            return LocalPort.accepts(port)
        }
    }

    /// What the server has taken, oldest first.
    public var mails: [ReceivedMail] {
        get throws {
            let file = directory.appending(path: "mails.jsonl")
            guard let lines = try? Data(contentsOf: file) else { return [] }
            return try lines.split(separator: UInt8(ascii: "\n"))
                .map { try JSONDecoder().decode(ReceivedMail.self, from: $0) }
        }
    }

    /// What Python's email package makes of a message.
    public static func parse(_ message: [UInt8]) async throws -> ParsedMail {
        let file = FileManager.default.temporaryDirectory.appending(path: "parlor-\(UUID()).eml")
        try Data(message).write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        let parsed = try await Command.output(
            of: try await PythonWithMail.interpreter(), [script, "--parse", file.path])
        return try JSONDecoder().decode(ParsedMail.self, from: Data(parsed.utf8))
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Tests/MailServer/mail_server.py").standardizedFileURL.path
}

/// A message as Python's email package reads it.
public struct ParsedMail: Decodable, Sendable {
    public let subject, fromName, fromAddress, toName, toAddress, messageID, date, unsubscribe, text, html: String?
    public let headers, defects: [String]
    public let longestLine, bareNewlines, size: Int
}

/// A message that a `MailServer` has taken, and how it came.
public struct ReceivedMail: Decodable, Sendable {
    public let subject, messageID, text, html, user: String?
    public let envelopeFrom, envelopeTo: String
    public let isEncrypted: Bool
    /// The client's port: equal numbers came over one connection.
    public let connection: Int
    public let defects: [String]
}
