import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Admission {
        private static let seats = 4
        /// A lease is 30 s; the rest is for a machine that has other things to do.
        private static let lease: Duration = .seconds(30), patience: Duration = .seconds(30)

        @Test func `Two thousand besiege rooms of four while Redis loses everything and nodes are killed: never five`()
            async throws
        {
            let stack = try Stack.here
            let circles = try await Crowd.here().circles
            try await forEach(circles, atOnce: 8) { try await $0.resize(to: Self.seats) }
            let rooms = circles.map(\.room.code)
            try await stack.withInstance(.signaling) { second in
                let siege = Siege(nodes: [try stack.url(of: .signaling), second.url])
                // Whatever goes wrong on the way, what the witness saw is told.
                let outcome = await Self.besiege(circles, siege) {
                    try await Self.sabotage(stack, second, siege, rooms)
                    try await Self.abandon(second, siege, rooms)
                }
                Self.check(siege, rooms)
                try outcome.get()
            }
            try await forEach(circles, atOnce: 8) { try await $0.resize(to: Crowd.perRoom) }
            try await stack.recovered()
        }

        private static func besiege(
            _ circles: [Crowd.Circle], _ siege: Siege, _ body: () async throws -> Void
        ) async -> Result<Void, any Error> {
            await withTaskGroup(of: Void.self) { group in
                for circle in circles {
                    for person in circle.people {
                        group.addTask { await Besieger(person: person, room: circle.room, siege: siege).run() }
                    }
                }
                defer { group.cancelAll() }
                do { return .success(try await body()) } catch { return .failure(error) }
            }
        }

        private static func sabotage(
            _ stack: Stack, _ second: Instance, _ siege: Siege, _ rooms: [String]
        ) async throws {
            let start = ContinuousClock.now
            func goOn(by count: Int, after what: String) async throws {
                let before = siege.joins
                try await eventually("\(count) more are let in after \(what)", within: .seconds(180)) {
                    siege.joins >= before + count
                }
                print("admission: \(ContinuousClock.now - start) \(siege.joins) joins after \(what)")
            }
            try await eventually("every room was full once", within: .seconds(180)) {
                rooms.allSatisfy { siege.peak(of: $0) >= seats }
            }
            try await goOn(by: 100, after: "the first rush")
            // Nobody gets up while it is rebuilt who sits where: whoever is let in then is one too many.
            siege.isTurningOver = false
            try await stack.killRedisAndItsData()
            let before = siege.refusals(.roomFull)
            try await eventually("it is known again that the rooms are full", within: .seconds(180)) {
                siege.refusals(.roomFull) >= before + rooms.count
            }
            siege.isTurningOver = true
            try await goOn(by: 100, after: "Redis came back empty")
            try await second.kill()
            try await goOn(by: 50, after: "a node was killed")
            try await second.startAgain()
            let pid = try stack.pid(of: .signaling)
            try stack.kill(.signaling)
            try await stack.awaitRestart(of: .signaling, after: pid)
            try await goOn(by: 100, after: "both nodes were killed in turn")
            try await stack.killRedisAndItsData()
            try await second.kill()
            try await second.startAgain()
            try await goOn(by: 100, after: "Redis came back empty and a node was killed")
        }

        /// Those who sit at a node that dies do not come back: others get their seats.
        private static func abandon(_ second: Instance, _ siege: Siege, _ rooms: [String]) async throws {
            siege.isTurningOver = false
            try await eventually("every room is full", within: .seconds(180)) {
                rooms.allSatisfy { siege.seats(of: $0) >= seats }
            }
            siege.abandon(1)
            let death = ContinuousClock.now
            let freed = rooms.map { siege.seats(of: $0, at: 1) }.reduce(0, +)
            try await second.kill()
            try await eventually("the seats of the dead are given again", within: lease + patience) {
                rooms.allSatisfy { siege.seats(of: $0, at: 0) >= seats }
            }
            print(
                "admission: \(freed) seats were given again \(ContinuousClock.now - death) after their node was killed")
            #expect(freed > 0)
        }

        private static func check(_ siege: Siege, _ rooms: [String]) {
            print(
                "admission: \(siege.joins) joins, \(siege.witness.count) stays witnessed, refusals \(siege.refusals), "
                    + "seats ended with \(siege.endings)")
            let crowds = siege.witness.crowds()
            for (room, crowd) in crowds where crowd.users.count > seats {
                Issue.record("\(crowd.users.count) sat in \(room): \(crowd.users)")
            }
            #expect(rooms.allSatisfy { crowds[$0]?.users.count ?? 0 >= seats }, "the witness has seen every room full")
            let codes: Set<Int> = [0, CloseCode.roomFull.rawValue, CloseCode.unavailable.rawValue]
            #expect(Set(siege.refusals.keys).isSubset(of: codes), "\(siege.refusals)")
            #expect(siege.refusals[CloseCode.roomFull.rawValue] ?? 0 > 0)
            #expect(Set(siege.endings.keys).isSubset(of: [0, CloseCode.unavailable.rawValue]), "\(siege.endings)")
        }
    }
}
