import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct TruePresence {
        /// A lease is 30 s; the rest is for a machine that has other things to do.
        private static let lease: Duration = .seconds(30), patience: Duration = .seconds(20)

        private struct Watched: Sendable {
            var circle: Crowd.Circle
            /// On another node than the guests.
            var observer: Attendee
            var guests: Set<String>

            /// What the observer was told about the guests' going, by user.
            var goings: [String: [String]] {
                let frames = observer.inbox.frames.filter { $0.type == "user_left" }
                return Dictionary(grouping: frames) { $0["userId"]?.string ?? "" }
                    .mapValues { $0.compactMap { $0["reason"]?.string } }
            }

            func count() async throws -> Int {
                try await circle.owner.http.get("/rooms/\(circle.room.code)/stats")["participantCount"]?.int ?? -1
            }
        }

        @Test func `A hundred people on a killed node leave once each within the lease, and the counts agree`()
            async throws
        {
            let stack = try Stack.here
            let circles = Array(try await Crowd.here().circles.prefix(3))
            try await PresenceLog.of(stack) { log in
                try await stack.withInstance(.signaling) { second in
                    var watched: [Watched] = []
                    for (circle, guests) in zip(circles, [39, 39, 22]) {
                        watched.append(try await Self.seat(guests, of: circle, on: second, stack))
                    }
                    let clerk = Task { [watched] in try await Self.readCounts(watched) }
                    defer { clerk.cancel() }
                    for each in watched {
                        try await eventually("all are counted") { try await each.count() == each.guests.count + 1 }
                    }

                    let death = ContinuousClock.now
                    try await second.kill()
                    try await eventually("everybody's going is told", within: Self.lease + Self.patience) {
                        watched.allSatisfy { $0.goings.count >= $0.guests.count }
                    }
                    print("presence: all gone \(ContinuousClock.now - death) after the kill")
                    try await eventually("the counts follow") {
                        for each in watched where try await each.count() != 1 { return false }
                        return true
                    }
                    clerk.cancel()
                    let counts = try await clerk.value
                    #expect(counts.allSatisfy { (0...40).contains($0) }, "\(counts)")
                    try await Self.check(watched, log)
                    for each in watched { _ = try await each.observer.bye() }
                }
            }
            try await stack.recovered()
        }

        private static func seat(
            _ count: Int, of circle: Crowd.Circle, on node: Instance, _ stack: Stack
        ) async throws -> Watched {
            try await circle.resize(to: 100)
            let observer = try await Attendee.join(
                stack.url(of: .signaling), circle.room.code, as: circle.owner.account)
            let guests = circle.people.dropFirst().prefix(count)
            try await forEach(guests, atOnce: 10) { guest in
                // The sockets die with the node; nothing else is asked of them.
                _ = try await Attendee.join(node.url, circle.room.code, as: guest.account)
            }
            return Watched(circle: circle, observer: observer, guests: Set(guests.map(\.id)))
        }

        /// What the counts are all the while.
        private static func readCounts(_ watched: [Watched]) async throws -> Set<Int> {
            var seen: Set<Int> = []
            while !Task.isCancelled {
                for each in watched {
                    if let count = try? await each.count() { seen.insert(count) }
                }
                try? await Task.sleep(for: .milliseconds(200))
            }
            return seen
        }

        private static func check(_ watched: [Watched], _ log: PresenceLog) async throws {
            for each in watched {
                let code = each.circle.room.code
                #expect(Set(each.goings.keys) == each.guests)
                #expect(each.goings.values.allSatisfy { $0 == ["timeout"] }, "each leaves once, for that reason")
                let online = try await each.circle.owner.http.get("/rooms/\(code)/participants?limit=200")["items"]?
                    .array?.filter { $0["isOnline"] == true }.compactMap { $0["userId"]?.string }
                #expect(online == [each.circle.owner.id])
                try await eventually("the broker tells of all of them") {
                    Set(log.all.filter { $0.room == code && $0.type == "user_left" }.map(\.user)) == each.guests
                }
                let told = log.all.filter { $0.room == code && $0.type == "user_left" }
                #expect(told.count == each.guests.count, "once each")
                #expect(told.allSatisfy { $0.reason == "timeout" && $0.count >= 1 }, "\(told)")
            }
        }
    }
}
