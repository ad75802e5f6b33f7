import Foundation
import ParlorClient
import TestSupport

/// The running stack, as its `stack.env` describes it.
struct Stack: Sendable {
    struct Fault: Error, CustomStringConvertible {
        var description: String
    }

    private let file: String

    static var here: Stack {
        get throws {
            guard let file = ProcessInfo.processInfo.environment["PARLOR_STACK_ENV"] else {
                throw Fault(description: "it wants a running stack; PARLOR_STACK_ENV does not say where")
            }
            return Stack(file: file)
        }
    }

    /// Read anew for every question: process ids change.
    func value(_ key: String) throws -> String {
        for line in try String(contentsOfFile: file, encoding: .utf8).split(separator: "\n")
        where line.hasPrefix(key + "=") { return String(line.dropFirst(key.count + 1)) }
        throw Fault(description: "\(file) says nothing about \(key)")
    }

    func port(_ part: String) throws -> Int {
        guard let port = Int(try value("\(part)_PORT")) else { throw Fault(description: "\(part)_PORT is no port") }
        return port
    }

    /// Restarts a part, so that it is measured without a past.
    func restart(_ part: String) async throws {
        let root = URL(fileURLWithPath: #filePath).appending(path: "../../../../..").standardized
        let log = URL(fileURLWithPath: try value("LOG_DIR")).appending(path: "bench.log")
        let process = try ServerProcess(
            "/bin/bash", [root.appending(path: "deploy/local/part.sh").path, "restart", part],
            environment: ["PARLOR_HOME": try value("PARLOR_HOME"), "PARLOR_BIN": try value("PARLOR_BIN")], log: log)
        try await eventually("\(part) is restarted", within: .seconds(120)) { !process.isRunning }
        let http = ParlorHTTP("http://127.0.0.1:\(try port(part.uppercased()))")
        try await eventually("\(part) is ready", within: .seconds(60), every: .milliseconds(100)) {
            (try? await http.exchange("GET", "/ready"))?.status == 200
        }
    }
}

extension Stack {
    private func http(_ token: String? = nil) throws -> ParlorHTTP {
        ParlorHTTP(try value("ROOM_URL"), token: token, timeout: .seconds(60))
    }

    /// The same people every time: an address makes an account once.
    func people(_ count: Int) async throws -> [ParlorHTTP.Account] {
        let http = try http()
        return try await sideBySide(count) { index in
            try await http.signIn(email: "bench-\(index)@parlor.example", name: "Bench \(index)")
        }
    }

    /// A new chat room of these people, the first its owner; answers its code.
    func room(of people: [ParlorHTTP.Account]) async throws -> String {
        let answer = try await http(people[0].token).post(
            "/rooms", ["name": "Bench", "kind": "chat", "maxParticipants": .integer(max(10, people.count))])
        guard let code = answer["roomId"]?.string else { throw Fault(description: "no room: \(answer)") }
        let others = people.dropFirst()
        _ = try await sideBySide(others.count) { index in
            try await http(others[others.startIndex + index].token).post("/rooms/\(code)/join")
        }
        return code
    }

    private func sideBySide<T: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) async throws -> T
    ) async throws -> [T] {
        try await withThrowingTaskGroup(of: [(Int, T)].self) { group in
            let width = 24
            for worker in 0..<width {
                group.addTask {
                    var made: [(Int, T)] = []
                    for index in stride(from: worker, to: count, by: width) {
                        made.append((index, try await body(index)))
                    }
                    return made
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }
}
