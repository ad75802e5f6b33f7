import Foundation
import ParlorClient

/// What an idle socket costs: 10,000 of them, each with a seat, in 100 rooms of 100 people, on a signaling service just
/// started.
enum MemoryBench {
    private static let rooms = 100
    private static let peopleInRoom = 100
    private static let wanted = rlim_t(rooms * peopleInRoom + 1000)

    static func run(_ report: Report) async throws {
        let stack = try Stack.here
        try raiseFileLimit()
        let people = try await stack.people(peopleInRoom)
        var codes: [String] = []
        for _ in 0..<rooms { codes.append(try await stack.room(of: people)) }
        try await stack.restart("signaling")
        let port = try stack.port("SIGNALING")
        // What the first socket makes for all of them is no socket's cost.
        let first = try await LightSocket.join(codes[0], port: port, token: people[0].token) { _ in }
        await first.leave()
        let before = try await settledMemory(stack)
        var sockets: [LightSocket] = []
        for code in codes {
            sockets += try await withThrowingTaskGroup(of: LightSocket.self) { group in
                for person in people {
                    group.addTask { try await LightSocket.join(code, port: port, token: person.token) { _ in } }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }
        let after = try await settledMemory(stack)
        report.row(
            Comparison(
                name: "\(sockets.count) idle sockets, resident memory of each",
                ours: Double(after - before) / Double(sockets.count), bare: nil, unit: "KiB", aim: .below(10)))
        report.note("the signaling service: \(before) KiB with none, \(after) KiB with all")
        await withTaskGroup(of: Void.self) { group in
            for socket in sockets { group.addTask { await socket.drop() } }
        }
    }

    private static func raiseFileLimit() throws {
        var limit = rlimit()
        getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = max(limit.rlim_cur, min(wanted, limit.rlim_max))
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
        guard limit.rlim_cur >= wanted else {
            throw Stack.Fault(description: "it wants \(wanted) open files; \(limit.rlim_cur) are allowed (ulimit -n)")
        }
    }

    /// Resident, in KiB, once it does not change any more: what happens at joining is over by then.
    private static func settledMemory(_ stack: Stack) async throws -> Int {
        var last = try memory(stack)
        while true {
            try await Task.sleep(for: .seconds(3))
            let now = try memory(stack)
            if abs(now - last) * 200 < last { return now }
            last = now
        }
    }

    private static func memory(_ stack: Stack) throws -> Int {
        let status = try String(contentsOfFile: "/proc/\(try stack.value("SIGNALING_PID"))/status", encoding: .utf8)
        guard let kib = status.firstMatch(of: /VmRSS:\s+([0-9]+) kB/).flatMap({ Int($0.1) }) else {
            throw Stack.Fault(description: "the signaling service has no memory")
        }
        return kib
    }
}
