import Events
import Foundation
import Identifiers
import ParlorClient
import Redis
import TestSupport
import Testing

@testable import SignalingService

/// Redis, which gives the seats, is away for everybody, and comes back.
@Suite struct AuthorityAwayTests {
    @Test func whoFindsItBackLaterThanOthersKeepsTheSeats() async throws {
        let redis = try await RedisServer.start()
        try await World.with(redis: redis) { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in
                let sockets = [try await node.connect(people[0], room), try await node.connect(people[1], room)]
                for socket in sockets { _ = try await socket.joined() }
                redis.pause()
                await world.house.set { $0.isRedisAway = true }
                try await Task.sleep(for: SeatStore.lease + .seconds(2))
                // To the others it is there again; here it is missed for two more looks.
                await world.house.set { $0.isRedisAway = false }
                try await Task.sleep(for: .milliseconds(2500))
                redis.resume()
                try await eventually("it is back") { try await Node.isReady(node.url) }
                try await world.house.say("back", by: people[0], in: room)
                for socket in sockets {
                    try await socket.frame("message_created")
                    #expect(socket.socket.isOpen)
                }
            }
        }
        try await redis.stop()
    }
}
