import Events
import Foundation
import Identifiers
import ParlorClient
import Redis
import TestSupport
import Testing

@testable import SignalingService

/// One room on two nodes.
@Suite struct TwoNodeTests {
    @Test func presenceSignalsAndMediaCross() async throws {
        try await World.with { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { left in
                try await world.withNode { right in
                    let a = try await left.connect(people[0], room)
                    let own = try await a.joined()
                    let b = try await right.connect(people[1], room)
                    let joined = try await b.joined()
                    #expect(joined["participants"]?.array?.count == 2)
                    let came = try await a.frame("user_joined")
                    let target = try #require(came["participant"]?["connections"]?[0]?.string)
                    #expect(joined["self"]?["connectionId"]?.string == target)

                    try await a.send(["type": "signal", "to": .string(target), "data": ["sdp": "offer"]])
                    let signal = try await b.frame("signal")
                    #expect(signal["data"]?["sdp"] == "offer")
                    #expect(signal["from"]?["connectionId"] == own["self"]?["connectionId"])
                    try await b.send(["type": "signal", "to": .string(people[0].userId.description), "data": 5])
                    #expect(try await a.frame("signal")["data"] == 5)

                    try await b.send(["type": "media", "audio": true])
                    let media = try await a.frame("media")
                    #expect(media["audio"] == true && media["video"] == false)
                    try await a.say("across")
                    try await b.frame("message_created")
                    try await a.frame("ack")

                    try await b.send(["type": "bye"])
                    #expect(try await a.frame("user_left")["reason"] == "bye")
                    #expect(a.frames("user_joined").count == 1)
                    #expect(a.frames("user_left").count == 1)
                }
            }
        }
    }

    /// A connection goes while what another one sends is on its way to the seats.
    @Test(arguments: [false, true])
    func aDepartureTakesNoMediaBack(isElsewhere: Bool) async throws {
        try await World.with { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { left in
                try await world.withNode { right in
                    let watcher = try await left.connect(people[0], room)
                    _ = try await watcher.joined()
                    let stays = try await right.connect(people[1], room)
                    let own = try #require(try await stays.joined()["self"]?["connectionId"]?.string)
                    for round in 1...5 {
                        let goes = try await (isElsewhere ? left : right).connect(people[1], room)
                        _ = try await goes.joined()
                        try await stays.send(["type": "media", "audio": .bool(round % 2 == 1)])
                        try await goes.send(["type": "bye"])
                        try await expect(goes, closesWith: 1000)
                        try await eventually("it is told that they went, and what the other sends") {
                            watcher.frames("participant_updated").count == 2 * round
                                && watcher.frames("media").count == round
                        }
                        let told = watcher.frames.compactMap { frame in
                            frame.type == "media" ? frame["audio"] : frame["participant"]?["media"]?[own]?["audio"]
                        }
                        #expect(told.last == .bool(round % 2 == 1), "\(round)")
                    }
                }
            }
        }
    }

    @Test func theSixthSocketReplacesTheOldestElsewhere() async throws {
        try await World.with { world in
            let people = try await world.people(1)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { left in
                try await world.withNode { right in
                    let first = try await left.connect(people[0], room)
                    _ = try await first.joined()
                    for _ in 0..<5 { _ = try await right.connect(people[0], room).joined() }
                    try await expect(first, closesWith: 4009)
                }
            }
        }
    }

    @Test func afterAFlushNobodyNewComesBeforeTheHoldersAreKnown() async throws {
        try await World.with { world in
            let people = try await world.people(4)
            let room = try await world.house.makeRoom(people, max: 2)
            try await world.withNode { left in
                try await world.withNode { right in
                    let a = try await left.connect(people[0], room)
                    let b = try await right.connect(people[1], room)
                    _ = try await a.joined()
                    let joined = try await b.joined()
                    // Else b could not see them go either.
                    if joined["participants"]?.array?.count != 2 { try await b.frame("user_joined") }
                    _ = try await world.redis.send(RedisCommand("FLUSHDB"))
                    // Refused as full, once the nodes have said who sits here; until then as unavailable.
                    try await eventually("it is known to be full") {
                        let code = try await right.connect(people[2], room).closed()
                        #expect(code == 4007 || code == 4102)
                        return code == 4007
                    }
                    try await a.send(["type": "bye"])
                    try await expect(a, closesWith: 1000)
                    try await b.frame("user_left")
                    // Full was said of the seats registered so far; the last of the rebuild may still be under way.
                    _ = try await left.joinInTheEnd(people[3], room)
                    #expect(b.socket.isOpen)
                }
            }
        }
    }

    /// Redis gave a seat and lost everything, and the seats were counted without it before its answer was read.
    @Test func aLateAnswerOfALostRedisIsNoSeat() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people, max: 1)
            try await WireTap.run(.redis, before: world.redisURL) { tap, url in
                try await world.withNode("left", ["REDIS_URL": url]) { left in
                    try await world.withNode { right in
                        // Both know the room and each other, so that the rest is faster than a call to Redis may take.
                        for node in [right, left] {
                            _ = try await world.redis.send(RedisCommand("FLUSHDB"))
                            let guest = try await node.joinInTheEnd(people[2], room)
                            try await guest.send(["type": "bye"])
                            try await expect(guest, closesWith: 1000)
                        }

                        let seats = SeatStore(redis: world.redis, node: "test/1")
                        var late: Talker
                        // On a busy machine the silence may be noticed before the seat is asked for.
                        while true {
                            tap.hold(.answers)
                            let attempt = try await left.connect(people[0], room)
                            late = attempt
                            try await eventually("the seat is given, or nobody asks for it") {
                                try await seats.snapshot(room.code).count == 1 || !attempt.socket.isOpen
                            }
                            if try await seats.snapshot(room.code).count == 1 { break }
                            tap.release()
                            try await eventually("Redis is found again") { try await Node.isReady(left.url) }
                        }
                        _ = try await world.redis.send(RedisCommand("FLUSHDB"))
                        let next = try await right.joinInTheEnd(people[1], room)
                        tap.release()

                        let code = try await late.closed()
                        #expect([4007, 4102].contains(code))
                        #expect(late.frames("joined").isEmpty)
                        #expect(next.socket.isOpen)
                    }
                }
            }
        }
    }

    @Test func nobodyNewComesWhileANodeCannotSayWhatItHolds() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people, max: 1)
            try await WireTap.run(.redis, before: world.redisURL) { tap, url in
                try await world.withNode("left", ["REDIS_URL": url]) { left in
                    try await world.withNode { right in
                        // Both know each other.
                        _ = try await world.redis.send(RedisCommand("FLUSHDB"))
                        let guest = try await right.joinInTheEnd(people[2], room)
                        try await guest.send(["type": "bye"])
                        try await expect(guest, closesWith: 1000)
                        let holder = try await left.joinInTheEnd(people[0], room)

                        tap.hold(.questions)
                        _ = try await world.redis.send(RedisCommand("FLUSHDB"))
                        try await expect(right.connect(people[1], room), closesWith: 4102)
                        tap.release()
                        try await eventually("it is known to be full") {
                            let code = try await right.connect(people[1], room).closed()
                            #expect(code == 4007 || code == 4102)
                            return code == 4007
                        }
                        #expect(holder.socket.isOpen)
                    }
                }
            }
        }
    }

    /// News may be lost with the broker, and what comes after them hides it from who looks at the last version alone.
    @Test func aDepartureThatNobodyToldIsFoundByTheNumberOfSeats() async throws {
        try await World.with { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in
                let witness = try await node.connect(people[0], room)
                _ = try await witness.joined()
                let seats = SeatStore(redis: world.redis, node: "test/1")
                let guest = SeatStore.Occupant(userId: people[1].userId, name: "Guest", role: .member)
                _ = try await seats.join(room.code, guest, .new())
                try await witness.frame("user_joined")
                let keys = SeatKeys(room.code).all
                for (command, key) in [("ZREM", keys[1]), ("HDEL", keys[2])] {
                    _ = try await world.redis.send(RedisCommand(command, key, guest.userId.description))
                }
                #expect(try await witness.frame("user_left")["userId"]?.string == guest.userId.description)
            }
        }
    }

    @Test func whoGoesWhenToldToFindsTheSeatElsewhere() async throws {
        try await World.with(["DRAIN_SECONDS": "20"]) { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people, max: 1)
            try await world.withNode { right in
                try await world.withNode { left in
                    let a = try await left.connect(people[0], room)
                    _ = try await a.joined()
                    await left.drain()
                    try await a.frame("draining")
                    await a.socket.close()
                    try await eventually("its going is known") {
                        let seats = SeatStore(redis: world.redis, node: "test/1")
                        return try await seats.snapshot(room.code).seats.values.allSatisfy(\.connections.isEmpty)
                    }
                    try await expect(right.connect(people[1], room), closesWith: 4007)
                    _ = try await right.connect(people[0], room).joined()
                }
            }
        }
    }

    @Test func aDrainTellsEverybodyAndKeepsTheSeats() async throws {
        try await World.with(["DRAIN_SECONDS": "2"]) { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people, max: 2)
            try await world.withNode { right in
                try await world.withNode { left in
                    let a = try await left.connect(people[0], room)
                    let b = try await left.connect(people[1], room)
                    _ = try await a.joined()
                    _ = try await b.joined()
                    await left.drain()
                    for talker in [a, b] {
                        let frame = try await talker.frame("draining")
                        #expect((frame["reconnectAfterMs"]?.int ?? -1) >= 0)
                        try await expect(talker, closesWith: 4200)
                    }
                    try await expect(right.connect(people[2], room), closesWith: 4007)
                    let back = try await right.connect(people[0], room, after: 3)
                    #expect(try await back.joined()["recovered"] == true)
                }
            }
        }
    }
}
