import Foundation
import ParlorClient
import TestSupport
import Testing

/// The running stack, behind its real gateway. `make test` starts one and says where.
struct Stack: Sendable {
    /// Nil where nobody started one: then, and only then, the suites are skipped.
    static let current: Stack? = ProcessInfo.processInfo.environment["PARLOR_STACK_ENV"].map { Stack(file: $0) }

    static var here: Stack {
        get throws {
            guard let current else { throw StackFault(description: "PARLOR_STACK_ENV is not set") }
            return current
        }
    }

    /// `stack.env`, read anew for every question: process ids change.
    let file: String

    func value(_ key: String) throws -> String {
        let text = try String(contentsOfFile: file, encoding: .utf8)
        for line in text.split(separator: "\n") where line.hasPrefix(key + "=") {
            return String(line.dropFirst(key.count + 1))
        }
        throw StackFault(description: "\(file) says nothing about \(key)")
    }

    var gateway: String { get throws { try value("GATEWAY_URL") } }
    /// Whose answers are held against the API's description, every one.
    var http: ParlorHTTP {
        get throws {
            var http = ParlorHTTP(try gateway)
            http.onAnswer = { Documented.check($0, $1, $2, $3) }
            return http
        }
    }

    func pid(of service: Service) throws -> Int32? { Int32(try value(service.pidKey)) }

    enum Service: String, CaseIterable, Sendable, CustomTestStringConvertible {
        case room, message, signaling, notification

        var pidKey: String { rawValue.uppercased() + "_PID" }
        var portKey: String { rawValue.uppercased() + "_PORT" }
        var testDescription: String { rawValue }
    }

    /// `kill -9`; the supervisor starts another one.
    func kill(_ service: Service) throws {
        if let pid = try pid(of: service) { _ = Glibc.kill(pid, SIGKILL) }
    }

    /// Waits until another process answers than `pid`.
    func awaitRestart(of service: Service, after pid: Int32?) async throws {
        let own = ParlorHTTP("http://127.0.0.1:\(try value(service.portKey))")
        try await eventually("another \(service) process is ready", within: .seconds(120), every: .milliseconds(100)) {
            guard let now = try self.pid(of: service), now != pid else { return false }
            return (try? await own.exchange("GET", "/ready"))?.status == 200
        }
    }

    /// `make stop S=…`, `make start S=…` for a server of the stack.
    func part(_ action: String, _ name: String) async throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().appending(path: "../../..").standardized
        let log = URL(fileURLWithPath: try value("LOG_DIR")).appending(path: "system-tests.log")
        let environment = [
            "PARLOR_HOME": try value("PARLOR_HOME"), "PARLOR_BIN": try value("PARLOR_BIN"),
        ]
        let script = root.appending(path: "deploy/local/part.sh").path
        let process = try ServerProcess(
            "/bin/bash", [script, action, name], environment: environment, log: log)
        try await eventually("make \(action) S=\(name) is done", within: .seconds(180)) { !process.isRunning }
    }

    /// Runs `body` while a part is away, and brings it back whatever happens.
    func without(_ name: String, _ body: () async throws -> Void) async throws {
        try await part("stop", name)
        let result: Result<Void, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        try await part("start", name)
        try result.get()
    }

    /// Waits until a newcomer to a new room is let in, as after an outage: the next suite wants a whole stack.
    func recovered() async throws {
        try await eventually("the stack is whole again", within: .seconds(120), every: .milliseconds(500)) {
            do {
                let ada = try await person("Witness"), room = try await room(of: ada)
                return try await refusal(of: ada, in: room) == nil
            } catch {
                return false
            }
        }
    }
}

struct StackFault: Error, CustomStringConvertible {
    var description: String
}
