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
    private let process: Mutex<Process>

    /// Starts a server and returns once it listens.
    public init(security: Security = .none, user: String? = nil, password: String? = nil) async throws {
        directory = FileManager.default.temporaryDirectory.appending(path: "parlor-mail-\(UUID())")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        var arguments = ["--dir", directory.path, "--tls", security.rawValue]
        if security != .none {
            let certificate = try await TestCertificate(in: directory)
            arguments += ["--certificate", certificate.certificate, "--key", certificate.key]
        }
        if let user { arguments += ["--user", user, "--password", password ?? ""] }
        self.arguments = arguments
        let (process, port) = try await Self.launch(arguments, in: directory, port: 0)
        self.process = Mutex(process)
        self.port = port
    }

    deinit {
        process.withLock { $0.terminate() }
        try? FileManager.default.removeItem(at: directory)
    }

    /// The PEM file a client may trust, when the server has TLS.
    public var authorities: String { directory.appending(path: "certificate.pem").path }

    /// `kill -9`: connections break, nothing is answered any more.
    public func kill() {
        process.withLock {
            Foundation.kill($0.processIdentifier, SIGKILL)
            $0.waitUntilExit()
        }
    }

    /// Starts a killed server again, at the same port and with the mails it has.
    public func restart() async throws {
        let (process, _) = try await Self.launch(arguments, in: directory, port: port)
        self.process.withLock { $0 = process }
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
        let python = try await PythonWithMail.interpreter()
        let output = try await ChildProcess.output(of: python, [script, "--parse", file.path])
        return try JSONDecoder().decode(ParsedMail.self, from: output)
    }

    private static let script = URL(filePath: #filePath).deletingLastPathComponent()
        .appending(path: "../../Tests/MailServer/mail_server.py").standardizedFileURL.path

    private static func log(in directory: URL) throws -> FileHandle {
        let file = directory.appending(path: "server.log")
        if !FileManager.default.fileExists(atPath: file.path) { try Data().write(to: file) }
        let handle = try FileHandle(forWritingTo: file)
        try handle.seekToEnd()
        return handle
    }

    private static func launch(
        _ arguments: [String], in directory: URL, port: Int
    ) async throws -> (Process, Int) {
        let process = Process()
        process.executableURL = URL(filePath: try await PythonWithMail.interpreter())
        process.arguments = [script, "--port", "\(port)"] + arguments
        let output = Pipe()
        process.standardInput = Pipe()
        process.standardOutput = output
        // Its tracebacks of broken connections are no news to whoever reads the output of tests.
        process.standardError = try log(in: directory)
        try process.run()
        guard let line = try await ChildProcess.firstLine(of: output.fileHandleForReading), let port = Int(line) else {
            throw ChildProcess.Failed(description: "the mail server did not start")
        }
        return (process, port)
    }
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
