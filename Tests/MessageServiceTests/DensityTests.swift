import Events
import Foundation
import Identifiers
import Logging
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import MessageService

struct NeverAcknowledged: Error {
    var id: String
}

/// The instances that live now, and what was acknowledged.
private final class Crew: Sendable {
    private let instances: Mutex<[Instance]>
    private let seqs = Mutex<[String: Int64]>([:])

    init(_ instances: [Instance]) { self.instances = Mutex(instances) }

    subscript(_ position: Int) -> Instance {
        get { instances.withLock { $0[position] } }
        set { instances.withLock { $0[position] = newValue } }
    }

    var acked: [String: Int64] { seqs.withLock { $0 } }

    func noteAcked(_ id: String, _ seq: Int64) { seqs.withLock { $0[id] = seq } }
}

/// One dense sequence per room, whatever crashes (contract, section 4).
@Suite struct DensityTests {
    @Test func twentyWritersOverTwoInstancesWhileLinksAndInstancesDie() async throws {
        try await Stage.run(instances: 2) { stage, instances in
            let users = (0..<20).map { _ in UserID.new() }
            let room = stage.rooms.create(owner: users[0])
            for user in users.dropFirst() { stage.rooms.join(room, user) }
            let crew = Crew(instances)
            try await stage.withNode { node in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, user) in users.enumerated() {
                        group.addTask {
                            for turn in 0..<25 {
                                let id = "u\(number)-\(turn)"
                                let seq = try await Self.sendUntilAcked(id, user, room, node, turn % 3) {
                                    crew[(number + turn) % 2]
                                }
                                crew.noteAcked(id, seq)
                            }
                        }
                    }
                    group.addTask {
                        // Facts meanwhile, told in no order and some not at all.
                        for turn in 0..<15 {
                            let facts = (0..<3).map { _ in stage.rooms.join(room, .new()) }
                            try await stage.publish(
                                facts.shuffled().dropLast(turn % 2).map { FakeRooms.event($0, of: room) })
                        }
                    }
                    group.addTask {
                        for turn in 0..<3 {
                            try await Task.sleep(for: .milliseconds(500))
                            try await Self.cutLinks(stage)
                            let victim = crew[turn % 2]
                            await victim.crash()
                            let successor = try await stage.start()
                            crew[turn % 2] = successor
                        }
                    }
                    try await group.waitForAll()
                }
                let reader = crew[0]
                _ = try await reader.parts.timeline.facts.catchUp(.id(room.id))
                let timeline = try await reader.timeline(users[0], room)
                let total = Int64(20 + 20 * 25 + 45)
                #expect(timeline.seqs == Array(1...total))
                var stored: [String: Int64] = [:]
                for item in timeline.items {
                    guard let id = item["message"]?["clientMessageId"]?.string else { continue }
                    #expect(stored[id] == nil, "\(id) is there twice")
                    stored[id] = item["seq"]?.integer
                }
                #expect(stored == crew.acked)
                try await eventually("every entry was told") {
                    Set(node.ear.events(of: room).compactMap(\.seq)).count == Int(total)
                }
                // An entry that was told twice has one id.
                let ids = Dictionary(grouping: node.ear.events(of: room), by: \.seq).mapValues {
                    Set($0.map(\.id)).count
                }
                #expect(ids.values.allSatisfy { $0 == 1 })
                try await eventually("the database knows that all were told") {
                    try await reader.parts.store.hasNothingToPublish
                }
                for position in 0..<2 { await crew[position].stop() }
            }
        }
    }

    /// Sends like a client: again, with the same id, until it is acknowledged.
    private static func sendUntilAcked(
        _ id: String, _ user: UserID, _ room: RoomRef, _ node: Node, _ way: Int, _ instance: () -> Instance
    ) async throws -> Int64 {
        for _ in 0..<200 {
            switch way {
            case 0:
                let command = MessageCommand.text("text \(id)", room, by: user, id: id)
                try await node.send([command])
                for _ in 0..<100 where node.ear.reply(to: command.id) == nil {
                    try await Task.sleep(for: .milliseconds(20))
                }
                if let seq = node.ear.reply(to: command.id)?.seq { return seq }
            default:
                let answer = try? await instance().call(
                    user, "POST", "/rooms/\(room.code)/messages",
                    ["content": .string("text \(id)"), "clientMessageId": .string(id)])
                if let answer, answer.status < 300, let seq = answer.json["seq"]?.integer { return seq }
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        throw NeverAcknowledged(id: id)
    }

    /// Ends all links to the database of this stage but one's own.
    private static func cutLinks(_ stage: Stage) async throws {
        let pool = PGPool(PGConfiguration(url: stage.databaseURL), logger: .init(label: "test"))
        try await pool.query(
            """
            SELECT pg_terminate_backend(pid) FROM pg_stat_activity
            WHERE datname = current_database() AND pid <> pg_backend_pid()
            """)
        await pool.close()
    }
}
