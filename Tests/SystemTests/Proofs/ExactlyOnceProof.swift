import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests.ExactlyOnce {
    /// What one door answered.
    private struct Answer: Hashable, Sendable {
        var id: String?
        var seq: Int?
    }

    private static let senders = 8
    private static let each = 5

    @Test func `Dropped answers, five retries at once over two instances, restarts between: one row, one seq, one id`()
        async throws
    {
        let stack = try Stack.here
        try await stack.withInstance(.message) { otherMessages in
            try await stack.withInstance(.signaling) { otherNode in
                let rest = [try stack.url(of: .message), otherMessages.url]
                let nodes = [try stack.url(of: .signaling), otherNode.url]
                let people = try await stack.people(Self.senders, "Sender")
                let owner = try await stack.person("Owner")
                let room = try await stack.room(of: owner, members: people)
                let answers = Shared<[String: Set<Answer>]>([:])
                let done = Shared(0)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (number, person) in people.enumerated() {
                        group.addTask {
                            for index in 0..<Self.each {
                                let key = "s\(number)-\(index)"
                                try await Self.sendAndDrop(key, person, room, rest, nodes)
                                let all = try await Self.sendAgain(key, person, room, rest, nodes)
                                answers.change { $0[key] = all }
                                done.change { $0 += 1 }
                            }
                        }
                    }
                    group.addTask {
                        for (round, count) in [4, 12, 20, 28].enumerated() {
                            try await eventually("\(count) are sent", within: .seconds(180)) {
                                done.now >= count
                            }
                            switch round {
                            case 0, 2: try stack.kill(.message)
                            case 1: try await Self.restart(otherMessages)
                            default:
                                try stack.kill(.signaling)
                                try await Self.restart(otherNode)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                try await Self.check(answers.now, owner, room)
            }
        }
        try await stack.recovered()
    }

    private static func restart(_ instance: Instance) async throws {
        try await instance.kill()
        try await instance.startAgain()
    }

    private static func content(_ key: String) -> String { "the message \(key)" }

    /// Sends a message five times at once and hears none of the answers: calls are given up, sockets are cut.
    private static func sendAndDrop(
        _ key: String, _ person: Person, _ room: TestRoom, _ rest: [String], _ nodes: [String]
    ) async throws {
        await withTaskGroup(of: Void.self) { group in
            for url in rest + [rest[0]] {
                group.addTask {
                    var hasty = person.http
                    hasty.baseURL = url
                    hasty.timeout = .milliseconds(.random(in: 1...25))
                    _ = try? await hasty.exchange("POST", "/rooms/\(room.code)/messages", body: body(key))
                }
            }
            for node in nodes {
                group.addTask {
                    guard let seat = try? await Attendee.join(node, room.code, as: person.account) else { return }
                    try? await seat.socket.send(frame(key))
                    await seat.socket.cut()
                }
            }
        }
    }

    /// Sends it five times at once again, and each time until there is an answer.
    private static func sendAgain(
        _ key: String, _ person: Person, _ room: TestRoom, _ rest: [String], _ nodes: [String]
    ) async throws -> Set<Answer> {
        try await withThrowingTaskGroup(of: Answer.self) { group in
            for url in rest + [rest[1]] {
                group.addTask {
                    let answer = try await person.insist(
                        "POST", "/rooms/\(room.code)/messages", body: body(key), at: url)
                    return Answer(id: answer.json?["id"]?.string, seq: answer.json?["seq"]?.int)
                }
            }
            for node in nodes { group.addTask { try await sayUntilAnswered(key, person, room, at: node) } }
            return try await group.reduce(into: []) { $0.insert($1) }
        }
    }

    private static func sayUntilAnswered(
        _ key: String, _ person: Person, _ room: TestRoom, at node: String
    ) async throws -> Answer {
        let deadline = ContinuousClock.now + .seconds(120)
        while true {
            do {
                let seat = try await Attendee.join(node, room.code, as: person.account)
                let ack = try await seat.say(content(key), clientMessageID: key)
                await seat.socket.close()
                return Answer(id: ack["messageId"]?.string, seq: ack["seq"]?.int)
            } catch {
                guard .now < deadline else { throw error }
                try await Task.sleep(for: .milliseconds(.random(in: 300...600)))
            }
        }
    }

    private static func body(_ key: String) -> JSONValue {
        ["content": .string(content(key)), "clientMessageId": .string(key)]
    }

    private static func frame(_ key: String) -> JSONValue {
        ["type": "message", "content": .string(content(key)), "clientMessageId": .string(key)]
    }

    private static func check(_ answers: [String: Set<Answer>], _ owner: Person, _ room: TestRoom) async throws {
        let timeline = try await owner.timeline(room)
        #expect(timeline.seqs == Array(1...timeline.count))
        let messages = timeline.filter { $0["type"] == "message_created" }.compactMap { $0["message"] }
        let rows = Dictionary(grouping: messages) { $0["clientMessageId"]?.string ?? "" }
        #expect(answers.count == senders * each)
        #expect(messages.count == senders * each)
        for (key, all) in answers {
            let row = rows[key]?.first
            #expect(rows[key]?.count == 1, "\(key)")
            #expect(all == [Answer(id: row?["id"]?.string, seq: row?["seq"]?.int)], "\(key)")
        }
    }
}
