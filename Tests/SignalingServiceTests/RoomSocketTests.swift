import Events
import Foundation
import Identifiers
import ParlorClient
import TestSupport
import Testing

@testable import SignalingService

@Suite struct RoomSocketTests {
    @Test func twoPeopleTalk() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                let first = try await node.connect(ada, room)
                let joined = try await first.joined()
                #expect(joined["recovered"] == false)
                #expect(joined["seq"] == 2)
                #expect(joined["participants"]?.array?.count == 1)
                #expect(joined["self"]?["userId"]?.string == ada.userId.description)
                #expect(joined["room"]?["participantCount"] == 1)
                #expect(joined["room"]?["myRole"] == "owner")
                #expect(joined["session"] == .null)
                #expect(joined["resumeWindow"] == 100_000)

                let second = try await node.connect(bob, room)
                #expect(try await second.joined()["participants"]?.array?.count == 2)
                let came = try await first.frame("user_joined")
                #expect(came["participant"]?["displayName"] == "Bob")

                try await first.say("Hello", key: "k1", id: "7")
                let ack = try await first.frame("ack")
                #expect(ack["id"] == "7")
                #expect(ack["clientMessageId"] == "k1")
                #expect(ack["seq"] == 3)
                let heard = try await second.frame("message_created")
                #expect(heard["message"]?["content"] == "Hello")
                #expect(heard["seq"] == 3)
                #expect(heard["userId"]?.string == ada.userId.description)
                try await first.frame("message_created")

                try await second.send(["type": "typing", "isTyping": true, "id": 5])
                #expect(try await first.frame("typing")["userId"]?.string == bob.userId.description)
                #expect(try await second.frame("ack")["id"] == 5)
                try await second.send(["type": "ping", "id": "p"])
                #expect(try await second.frame("pong")["id"] == "p")

                try await second.send(["type": "bye"])
                try await expect(second, closesWith: 1000)
                let left = try await first.frame("user_left")
                #expect(left["reason"] == "bye")
            }
        }
    }

    @Test func aFullRoomRefusesAndALeaveFreesTheSeat() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people, max: 2)
            try await world.withNode { node in
                let first = try await node.connect(people[0], room)
                let second = try await node.connect(people[1], room)
                _ = try await first.joined()
                _ = try await second.joined()
                try await expect(node.connect(people[2], room), closesWith: 4007)
                // Who is known and finds no seat is no matter for anybody but the seat authority.
                try await eventually("it costs the room service no call") {
                    let calls = await world.house.admissionCalls
                    try await expect(node.connect(people[2], room), closesWith: 4007)
                    return await world.house.admissionCalls == calls
                }
                // The same user shares the seat of their other socket.
                _ = try await node.connect(people[0], room).joined()
                await second.socket.close()
                try await eventually("the seat is free") {
                    let third = try await node.connect(people[2], room)
                    try await eventually("answered") { !third.socket.isOpen || !third.frames("joined").isEmpty }
                    return !third.frames("joined").isEmpty
                }
                #expect(try await first.frame("user_left")["reason"] == "closed")
            }
        }
    }

    @Test func aMessagesOwnEventIsItsAnswer() async throws {
        try await World.with { world in
            let ada = try await world.person("Ada")
            let room = try await world.house.makeRoom([ada])
            try await world.withNode { node in
                let socket = try await node.connect(ada, room)
                _ = try await socket.joined()
                await world.house.set { $0.holdsAnswers = true }
                try await socket.say("heard", key: "k1", id: "7")
                let ack = try await socket.frame("ack")
                #expect(ack["id"] == "7")
                #expect(ack["clientMessageId"] == "k1")
                let entry = try await socket.frame("message_created")
                #expect(ack["messageId"] == entry["message"]?["id"])
                #expect(ack["seq"] == entry["seq"])
                // The answer that comes after all is nobody's.
                await world.house.set { $0.holdsAnswers = false }
                try await socket.say("heard too", key: "k2", id: "8")
                try await eventually("the second is answered") { socket.frames("ack").count == 2 }
                #expect(socket.frames("ack").map { $0["id"] } == ["7", "8"])
            }
        }
    }

    @Test func aCrowdThatResumesAtOnceIsReadToOnce() async throws {
        try await World.with { world in
            let people = try await world.people(40)
            let room = try await world.house.makeRoom(people)
            for number in 0..<200 { try await world.house.say("\(number)", by: people[0], in: room) }
            try await world.withNode { node in
                // The first twenty lack the same, the others less.
                for crowd in [people.prefix(20), people.suffix(20)] {
                    let later = crowd.startIndex
                    try await withThrowingTaskGroup(of: Void.self) { group in
                        for (index, person) in crowd.enumerated() {
                            let after = 40 + index * min(later, 5)
                            group.addTask {
                                let reader = try await node.connect(person, room, after: after)
                                try await eventually("all are there") { reader.seqs.count == 240 - after }
                                #expect(reader.seqs == Array(after + 1...240))
                            }
                        }
                        try await group.waitForAll()
                    }
                    #expect(await world.house.timelineReads == 1)
                }
            }
        }
    }

    @Test func resumeBringsEveryEntryOnceAndInOrder() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            for number in 0..<1200 { try await world.house.say("\(number)", by: ada, in: room) }
            try await world.withNode { node in
                let reader = try await node.connect(bob, room, after: 2)
                let joined = try await reader.joined()
                #expect(joined["recovered"] == true)
                #expect(joined["recent"]?.array?.isEmpty == true)
                for number in 0..<100 { try await world.house.say("live \(number)", by: ada, in: room) }
                try await eventually("all are there") { reader.seqs.count >= 1300 }
                #expect(reader.seqs == Array(3...1302))

                let ahead = try await node.connect(ada, room, after: 5000)
                #expect(try await ahead.joined()["recovered"] == false)
                #expect(try await ahead.joined()["recent"]?.array?.count == 50)
            }
        }
    }

    @Test func refusalsCarryTheirCodes() async throws {
        try await World.with { world in
            let (ada, eve) = (try await world.person("Ada"), try await world.person("Eve"))
            let room = try await world.house.makeRoom([ada])
            let ended = try await world.house.makeRoom([ada])
            try await world.house.end(ended)
            try await world.withNode { node in
                let path = "/ws/\(room.code)"
                try await expect(node.connect(path, .header("nonsense")), closesWith: 4001)
                try await expect(node.connect(eve, room), closesWith: 4003)
                try await expect(node.connect("/ws/abc-defg-hij", .header(ada.token)), closesWith: 4004)
                try await expect(node.connect("/ws/nonsense", .header(ada.token)), closesWith: 4004)
                try await expect(node.connect(ada, ended), closesWith: 4005)
                for placement in [
                    ParlorSocket.TokenPlacement.subprotocol(ada.token), .query(ada.token), .hello(ada.token),
                ] {
                    let talker = try await node.connect("/ws/chat/\(room.id)", placement)
                    _ = try await talker.joined()
                }
                var options = ParlorSocket.Options()
                options.headers["Origin"] = "https://evil.example"
                try await expect(node.connect(path, .header(ada.token), options: options), closesWith: 4003)
                let silent = try await node.connect(path, .none)
                try await expect(silent, closesWith: 4001)
                await world.house.set { $0.bannedAccounts = [ada.userId] }
                try await eventually("the account is shut out") {
                    try await node.connect(ada, room).closed() == 4002
                }
            }
        }
    }

    @Test func whoCameBackReadsHowTheyLeftAndStays() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                _ = try await node.connect(ada, room).joined()
                // The node learns of it from the timeline, after it let Bob in.
                await world.house.set { ($0.tellsFacts, $0.tellsEntries) = (false, false) }
                try await world.house.remove(bob, from: room)
                try await world.house.add(bob, to: room)
                let back = try await node.connect(bob, room, after: 2)
                #expect(try await back.joined()["recovered"] == true)
                try await eventually("both entries are told") { back.seqs.count == 2 }
                #expect(back.frames("member_left").count == 1)
                try await back.send(["type": "ping", "id": "still here"])
                try await back.frame("pong")
            }
        }
    }

    @Test func aSeatWhoseAnswerWasLostIsGivenBack() async throws {
        let redis = try await RedisServer.start()
        try await World.with(redis: redis) { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people, max: 2)
            try await world.withNode { node in
                _ = try await node.connect(people[0], room).joined()
                redis.pause()
                try await expect(node.connect(people[1], room), closesWith: 4102)
                // It does what it was asked to do, though nobody waits any more.
                redis.resume()
                try await eventually("the seat is free before its lease is over", within: .seconds(25)) {
                    let third = try await node.connect(people[2], room)
                    try await eventually("answered") { !third.socket.isOpen || !third.frames("joined").isEmpty }
                    return !third.frames("joined").isEmpty
                }
            }
        }
        try await redis.stop()
    }

    @Test func lostRightsCloseTheSocketAfterTheirEntry() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in
                let sockets = [
                    try await node.connect(people[0], room), try await node.connect(people[1], room),
                    try await node.connect(people[2], room),
                ]
                for socket in sockets { _ = try await socket.joined() }
                // Else it might close with the fact, were the entry long in coming.
                await world.house.set { $0.tellsFacts = false }
                try await world.house.remove(people[1], from: room)
                try await expect(sockets[1], closesWith: 4006)
                #expect(sockets[1].frames("member_left").count == 1)
                #expect(try await sockets[0].frame("user_left")["reason"] == "removed")
                await world.house.set { $0.bannedAccounts = [people[2].userId] }
                try await expect(sockets[2], closesWith: 4002)
                try await world.house.end(room)
                try await expect(sockets[0], closesWith: 4005)
                #expect(sockets[0].frames("room_ended").count == 1)
            }
        }
    }

    @Test func lostRightsCloseTheSocketThoughTheirEntryIsLate() async throws {
        try await World.with { world in
            let people = try await world.people(2)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in
                let sockets = [try await node.connect(people[0], room), try await node.connect(people[1], room)]
                for socket in sockets { _ = try await socket.joined() }
                await world.house.set { $0.tellsEntries = false }
                try await world.house.remove(people[1], from: room)
                try await expect(sockets[1], closesWith: 4006)
                try await world.house.end(room)
                try await expect(sockets[0], closesWith: 4005)
            }
        }
    }
}
