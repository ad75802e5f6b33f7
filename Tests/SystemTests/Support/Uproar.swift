import Foundation
import ParlorClient
import Synchronization
import TestSupport
import Testing

/// A room full of people who write, edit, react, come and go, and who all insist on an answer.
final class Uproar: Sendable {
    let stack: Stack
    let room: TestRoom
    let owner: Person
    let readers: [Person]
    private let writers: [Person]
    private let wanderers: [Person]
    private let nodes: [String]
    private let isOver = Atomic(false)
    /// What was acknowledged, by `clientMessageId`.
    private let acked = Mutex<[String: (seq: Int, id: String)]>([:])
    private let walks = Atomic(0)

    /// - Parameter nodes: signaling instances.
    init(
        on stack: Stack, nodes: [String], writers: Int, wanderers: Int, readers: Int
    ) async throws {
        self.stack = stack
        self.nodes = nodes
        owner = try await stack.person("Owner")
        self.writers = try await stack.people(writers, "Writer")
        self.wanderers = try await stack.people(wanderers, "Wanderer")
        self.readers = try await stack.people(readers, "Reader")
        room = try await stack.room(of: owner, members: self.writers + self.readers)
    }

    var ackedCount: Int { acked.withLock { $0.count } }

    /// Waits until so many more messages are acknowledged.
    func goOn(by count: Int) async throws {
        let before = ackedCount
        try await eventually("\(count) more messages are acknowledged", within: .seconds(180)) {
            ackedCount >= before + count
        }
    }

    /// Makes its noise while `body` runs. Every second writer writes over sockets, the others over REST.
    func during(_ body: @escaping @Sendable () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (number, writer) in writers.enumerated() {
                group.addTask { [self] in
                    if number.isMultiple(of: 2) {
                        try await writeOverSocket(writer, number)
                    } else {
                        try await act(writer, number) { [self] content, id in
                            let answer = try await writer.insist(
                                "POST", "/rooms/\(room.code)/messages",
                                body: ["content": .string(content), "clientMessageId": .string(id)])
                            return try receipt(answer)
                        }
                    }
                }
            }
            for wanderer in wanderers { group.addTask { [self] in try await wander(wanderer) } }
            group.addTask { [self] in
                defer { isOver.store(true, ordering: .relaxed) }
                try await body()
            }
            try await group.waitForAll()
        }
    }

    private func writeOverSocket(_ writer: Person, _ number: Int) async throws {
        let session = ParlorSession(nodes[number / 2 % nodes.count], room: room.code) { writer.account.token }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await session.run() }
            group.addTask { for await _ in session.events {} }
            defer { session.bye() }
            try await act(writer, number) { content, id in
                let receipt = try await session.send(content, clientMessageID: id)
                return (receipt.seq, receipt.messageID ?? "")
            }
        }
    }

    /// Writes, and now and then edits or reacts.
    private func act(
        _ writer: Person, _ number: Int,
        send: (_ content: String, _ id: String) async throws -> (seq: Int, id: String)
    ) async throws {
        var index = 0
        while !isOver.load(ordering: .relaxed) {
            index += 1
            let key = "w\(number)-\(index)"
            let (seq, id) = try await send("line \(index) of \(number)", key)
            acked.withLock { $0[key] = (seq, id) }
            if index.isMultiple(of: 4) {
                let answer = try await writer.insist(
                    "PUT", "/messages/\(id)", body: ["content": .string("line \(index) of \(number), edited")])
                #expect(answer.isSuccess, "\(answer.text)")
            }
            if index.isMultiple(of: 3), let other = acked.withLock({ $0.values.randomElement() }) {
                let answer = try await writer.insist(
                    "POST", "/rooms/\(room.code)/messages/\(other.id)/reactions", body: ["emoji": "🎉"])
                #expect(answer.isSuccess, "\(answer.text)")
            }
            // A pace that two processors with fifty readers can follow.
            try await Task.sleep(for: .milliseconds(.random(in: 500...900)))
        }
    }

    private func wander(_ wanderer: Person) async throws {
        while !isOver.load(ordering: .relaxed) {
            for step in ["join", "leave"] {
                let answer = try await wanderer.insist("POST", "/rooms/\(room.code)/\(step)")
                // Who had left when the first answer was lost hears that, and has left once.
                #expect(answer.isSuccess || answer.problem?.code == "not_a_member", "\(answer.text)")
                walks.add(1, ordering: .relaxed)
                try await Task.sleep(for: .milliseconds(.random(in: 500...900)))
            }
        }
    }

    private func receipt(_ answer: ParlorAnswer) throws -> (seq: Int, id: String) {
        guard let seq = answer.json?["seq"]?.int, let id = answer.json?["id"]?.string else {
            throw StackFault(description: "a message was refused: \(answer.text)")
        }
        return (seq, id)
    }

    /// The timeline, once everything that was done is in it, after checking what it must say.
    func outcome() async throws -> [JSONValue] {
        let comings = walks.load(ordering: .relaxed)
        var timeline: [JSONValue] = []
        try await eventually("all comings and goings are entries", within: .seconds(120), every: .milliseconds(200)) {
            timeline = try await owner.timeline(room)
            let wanderers = Set(wanderers.map(\.id))
            return timeline.filter {
                ["member_joined", "member_left"].contains($0["type"]?.string)
                    && wanderers.contains($0["member"]?["userId"]?.string ?? "")
            }.count == comings
        }
        #expect(timeline.seqs == Array(1...timeline.count))
        let messages = timeline.filter { $0["type"] == "message_created" }.compactMap { $0["message"] }
        let byKey = Dictionary(grouping: messages) { $0["clientMessageId"]?.string ?? "" }
        #expect(byKey.filter { $1.count > 1 }.isEmpty, "nothing is twice")
        for (key, receipt) in acked.withLock({ $0 }) {
            let stored = byKey[key]?.first
            #expect(stored?["seq"]?.int == receipt.seq && stored?["id"]?.string == receipt.id, "\(key)")
        }
        return timeline
    }
}
