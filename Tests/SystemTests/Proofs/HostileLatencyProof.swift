import ParlorClient
import TestSupport
import Testing

extension SystemTests.HostileClients {
    /// The contract's, which are all that stands between the mob and the others.
    private static let defaults = ["MESSAGE_RATE": "10", "FRAME_RATE": "50", "JOIN_RATE": "5"]
    private static let each = 12

    /// Rounds without and with the mob in turn, on whatever machine this is. The better of two rounds with it is compared
    /// with the worst without, one of which lies between the two: other work on the machine hits that one as well.
    @Test func `Whatever slow and hostile clients do, the latency of the others stays as it was`() async throws {
        try await withNode(Self.defaults) { _, node, room, people in
            var talkers: [Attendee] = []
            for person in people.prefix(4) {
                talkers.append(try await Attendee.join(node.url, room.code, as: person.account))
            }
            let mob = Mob(at: node, in: room)
            let members = people.dropFirst(4).enumerated().map { index, person in
                (Mob.Kind.allCases[index % Mob.Kind.allCases.count], person)
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await mob.run(members) }
                defer { group.cancelAll() }
                var calm: [Duration] = [], wild: [(name: String, best: Duration)] = []
                for kinds in Mob.Kind.allCases.map({ [$0] }) + [Set(Mob.Kind.allCases)] {
                    var rounds: [Duration] = []
                    for _ in 0..<2 {
                        calm.append(try await Self.median(talkers))
                        let before = kinds.map(mob.visits)
                        mob.rage(kinds)
                        try await eventually("they have come") {
                            zip(kinds.map(mob.visits), before).allSatisfy { $0 > $1 }
                        }
                        rounds.append(try await Self.median(talkers))
                        mob.rage([])
                    }
                    wild.append((kinds.count == 1 ? "\(kinds.first!)s" : "all", rounds.min()!))
                }
                let worst = try #require(calm.max())
                print("hostile clients: median \(calm.min()!) to \(worst) without, \(wild) with")
                for (name, best) in wild { #expect(best <= worst * 10 + .milliseconds(1500), "\(name)") }
            }
            #expect(talkers.allSatisfy { $0.socket.isOpen })
        }
    }

    /// Of the time from a message's sending to its ack, while all talk at a pace that is allowed.
    private static func median(_ talkers: [Attendee]) async throws -> Duration {
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for talker in talkers {
                group.addTask {
                    var times: [Duration] = []
                    for _ in 0..<each {
                        let key = "\(UInt64.random(in: 0 ... .max))", start = ContinuousClock.now
                        let ack = try await talker.say("message \(key)", clientMessageID: key)
                        times.append(ack.receivedAt - start)
                        try await Task.sleep(for: .milliseconds(120))
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        return times.sorted()[times.count / 2]
    }
}
