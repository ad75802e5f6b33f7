import Foundation
import ParlorClient
import Synchronization
import TestSupport
import Testing

/// A conversation that goes on while the house burns: writers who insist, readers who remember.
final class Conversation: Sendable {
    let stack: Stack
    let room: TestRoom
    let owner: Person
    let writers: [Person]
    let reader: Person
    private let isOver = Atomic(false)
    /// What was acknowledged, by `clientMessageId`.
    private let acked = Mutex<[String: Int]>([:])
    private let seen = Mutex<[Int]>([])

    init(on stack: Stack, writers count: Int = 3) async throws {
        self.stack = stack
        owner = try await stack.person("Owner")
        writers = try await stack.people(count, "Writer")
        reader = try await stack.person("Reader")
        room = try await stack.room(of: owner, members: writers + [reader])
    }

    var ackedCount: Int { acked.withLock { $0.count } }

    /// Talks while `body` runs, then checks that nothing acknowledged is lost, nothing is there twice, and the reader
    /// saw the whole timeline in order.
    func during(_ body: () async throws -> Void) async throws {
        let gateway = try stack.gateway
        let ears = ParlorSession(gateway, room: room.code, after: 0) { [reader] in reader.account.token }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await ears.run() }
            group.addTask { [self] in
                for await case .entry(let entry) in ears.events {
                    seen.withLock { $0.append(entry.entrySeq ?? 0) }
                }
            }
            let sessions = writers.map { writer in ParlorSession(gateway, room: room.code) { writer.account.token } }
            for (number, session) in sessions.enumerated() {
                group.addTask { await session.run() }
                group.addTask { [self] in await write(session, number) }
            }
            try await body()
            try await goOn(by: 20)
            isOver.store(true, ordering: .relaxed)
            try await check()
            for session in sessions + [ears] { session.bye() }
            try await group.waitForAll()
        }
    }

    /// Waits until so many more messages are acknowledged.
    func goOn(by count: Int) async throws {
        let before = ackedCount
        try await eventually("\(count) more messages are acknowledged", within: .seconds(120)) {
            ackedCount >= before + count
        }
    }

    private func write(_ session: ParlorSession, _ number: Int) async {
        var index = 0
        while !isOver.load(ordering: .relaxed), !Task.isCancelled {
            index += 1
            let id = "w\(number)-\(index)"
            do {
                let receipt = try await session.send("line \(index) of \(number)", clientMessageID: id)
                acked.withLock { $0[id] = receipt.seq }
            } catch ParlorClientError.closed {
                return
            } catch is CancellationError {
                return
            } catch {
                Issue.record("writer \(number) was refused: \(error)")
                return
            }
            // Under the limit of ten a second.
            try? await Task.sleep(for: .milliseconds(120))
        }
    }

    private func check() async throws {
        // What is under way when the writers stop may still come.
        try await eventually("the reader has the whole timeline", within: .seconds(120)) {
            let head = try await owner.timeline(room).count
            return seen.withLock { $0.last } == head
        }
        let timeline = try await owner.timeline(room)
        #expect(timeline.seqs == Array(1...timeline.count))
        // An entry that came after the reader had caught up may not have been told yet.
        let told = seen.withLock { $0 }
        let common = min(told.count, timeline.count)
        #expect(Array(told.prefix(common)) == Array(timeline.seqs.prefix(common)))
        var stored: [String: [Int]] = [:]
        for entry in timeline where entry["type"] == "message_created" {
            stored[entry["message"]?["clientMessageId"]?.string ?? "", default: []].append(entry["seq"]?.int ?? 0)
        }
        #expect(stored.filter { $1.count > 1 }.isEmpty)
        for (id, seq) in acked.withLock({ $0 }) { #expect(stored[id] == [seq], "\(id)") }
    }
}
