import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Drain {
        private static let drainSeconds = 20
        /// Each tenth client waits for the end.
        private static let stubborn = 10

        @Test func `Two thousand sockets are drained: reconnects are spread, all resume, no seat is lost`() async throws
        {
            let stack = try Stack.here
            let circles = try await Crowd.here().circles
            try await forEach(circles, atOnce: 8) { try await $0.resize(to: Crowd.perRoom) }
            let vultures = try await Self.vultures(circles.prefix(10), stack)
            let next = try stack.url(of: .signaling)
            try await stack.withInstance(.signaling, ["DRAIN_SECONDS": "\(Self.drainSeconds)"]) { node in
                let travellers = circles.flatMap { circle in
                    circle.people.enumerated().map { index, person in
                        Traveller(person, circle.room, isStubborn: index % Self.stubborn == 0)
                    }
                }
                var start = ContinuousClock.now
                try await forEach(travellers, atOnce: 100) { try await $0.settle(at: node.url) }
                print("drain: \(travellers.count) seated in \(ContinuousClock.now - start)")

                try await withThrowingTaskGroup(of: Void.self) { group in
                    for traveller in travellers { group.addTask { await traveller.travel(to: next) } }
                    let seized = Shared<[String]>([])
                    let isOver = Shared(false)
                    for (vulture, room) in vultures {
                        group.addTask {
                            while !isOver.now, !Task.isCancelled {
                                if await Self.hasSeized(vulture, room, next) {
                                    seized.change { $0.append(room.code) }
                                }
                                try? await Task.sleep(for: .milliseconds(700))
                            }
                        }
                    }
                    defer { group.cancelAll() }
                    start = .now
                    node.terminate()
                    try await Self.write(in: circles)
                    try await eventually("everybody is at the other node", within: .seconds(180)) {
                        travellers.allSatisfy { $0.hasArrived && $0.isSeated }
                    }
                    print("drain: all arrived after \(ContinuousClock.now - start)")
                    try await node.awaitEnd()
                    try await Self.write(in: circles)
                    let heads = try await Self.heads(of: circles)
                    try await eventually("everybody has everything", within: .seconds(120)) {
                        travellers.allSatisfy { $0.last == heads[$0.room.code] }
                    }
                    isOver.change { $0 = true }
                    #expect(seized.now == [], "seats that were lost")
                }
                #expect(travellers.flatMap(\.faults).prefix(20) == [])
                Self.checkSpread(travellers.compactMap(\.moveAt).map { $0 - start })
                try await forEach(travellers, atOnce: 50) { await $0.leave() }
            }
            try await stack.recovered()
        }

        /// Members without a seat, who would take any that is lost.
        private static func vultures(
            _ circles: ArraySlice<Crowd.Circle>, _ stack: Stack
        ) async throws -> [(Person, TestRoom)] {
            var vultures: [(Person, TestRoom)] = []
            for circle in circles {
                let vulture = try await stack.person("Vulture")
                try await vulture.http.post("/rooms/\(circle.room.code)/join")
                vultures.append((vulture, circle.room))
            }
            return vultures
        }

        private static func hasSeized(_ vulture: Person, _ room: TestRoom, _ node: String) async -> Bool {
            do {
                let seat = try await Attendee.join(node, room.code, as: vulture.account, within: .seconds(120))
                await seat.socket.close()
                return true
            } catch {
                // Refused, or not even answered while two thousand others come.
                return false
            }
        }

        /// Something to be heard in every room, on the way.
        private static func write(in circles: [Crowd.Circle]) async throws {
            try await forEach(circles, atOnce: 4) { circle in
                for number in 0..<2 {
                    let answer = try await circle.owner.insist(
                        "POST", "/rooms/\(circle.room.code)/messages",
                        body: ["content": .string("on the way \(number)")],
                        at: Stack.here.url(of: .message))
                    #expect(answer.status == 201, "\(answer.text)")
                }
            }
        }

        private static func heads(of circles: [Crowd.Circle]) async throws -> [String: Int] {
            let heads = Shared<[String: Int]>([:])
            let url = try Stack.here.url(of: .message)
            try await forEach(circles, atOnce: 4) { circle in
                var owner = circle.owner
                owner.http.baseURL = url
                let last = try await owner.timeline(circle.room).last?["seq"]?.int
                heads.change { $0[circle.room.code] = last }
            }
            return heads.now
        }

        /// Over the promised time, and evenly enough that no moment has to bear most of them.
        private static func checkSpread(_ times: [Duration]) {
            let total = Duration.seconds(drainSeconds)
            #expect(times.count == Crowd.rooms * Crowd.perRoom)
            #expect(times.allSatisfy { $0 >= .zero && $0 <= total * 3 / 2 })
            let quarters = (0..<4).map { quarter in
                times.filter { $0 >= total * quarter / 4 && $0 < total * (quarter + 1) / 4 }.count
            }
            print("drain: reconnects by quarter \(quarters)")
            #expect(quarters.allSatisfy { $0 > times.count / 10 && $0 < times.count / 2 }, "\(quarters)")
        }
    }
}
