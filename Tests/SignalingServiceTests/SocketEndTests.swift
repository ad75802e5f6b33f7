import Events
import Foundation
import Identifiers
import ParlorClient
import TestSupport
import Testing

@testable import SignalingService

/// Sockets that were let in and end for a reason that has its own code. (Lost rights, floods and drains have suites of
/// their own.)
@Suite struct SocketEndTests {
    @Test func anOpenSocketEndsWithItsToken() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                let stays = try await node.connect(bob, room)
                _ = try await stays.joined()
                let end = Timestamp.now() + .seconds(3)
                let token = try await world.token(of: ada, until: end)
                let sockets = [
                    try await node.connect("/ws/\(room.code)", .header(token)),
                    try await node.connect("/ws/status", .query(token)),
                ]
                _ = try await sockets[0].joined()
                try await sockets[1].frame("ready")
                for socket in sockets { try await expect(socket, closesWith: 4001) }
                // Times in tokens are whole seconds.
                #expect(.now() >= end - .seconds(1))
                // The seat went with the socket.
                #expect(try await stays.frame("user_left")["userId"]?.string == ada.userId.description)
                #expect(stays.socket.isOpen)
            }
        }
    }

    @Test func whatNamesNoRoomIsUpgradedAndSaysSo() async throws {
        try await World.with { world in
            let ada = try await world.person("Ada")
            try await world.withNode { node in
                for path in ["/ws", "/ws/", "/ws/chat", "/ws/chat/status", "/ws/nonsense", "/health"] {
                    try await expect(node.connect(path, .header(ada.token)), closesWith: 4004)
                }
            }
        }
    }

    @Test func whatIsNoHandshakeIsAnsweredInPlainHTTP() async throws {
        try await World.with { world in
            let ada = try await world.person("Ada")
            try await world.withNode { node in
                let http = ParlorHTTP(node.url, token: ada.token)
                let upgrade = ["Connection": "Upgrade", "Upgrade": "websocket"]
                let key = ["Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="]
                for path in ["/ws/status", "/ws/abc-defg-hij"] {
                    for headers in [
                        [:], upgrade, upgrade.merging(["Sec-WebSocket-Version": "13"]) { $1 },
                        upgrade.merging(key) { $1 },
                        upgrade.merging(key) { $1 }.merging(["Sec-WebSocket-Version": "12"]) { $1 },
                    ] {
                        let answer = try await http.exchange("GET", path, headers: headers)
                        #expect(answer.status == 400)
                        #expect(answer.problem?.code == "invalid_input")
                    }
                    let headers = upgrade.merging(key) { $1 }.merging(["Sec-WebSocket-Version": "13"]) { $1 }
                    for headers in [[:], headers] {
                        let written = try await http.exchange("POST", path, headers: headers)
                        #expect(written.status == 405)
                        #expect(written.headers["allow"] == "GET")
                    }
                }
            }
        }
    }

    @Test func aBadPlaceInTheFirstFrameIsAnErrorAndTheSocketStays() async throws {
        try await World.with { world in
            let ada = try await world.person("Ada")
            let room = try await world.house.makeRoom([ada])
            try await world.withNode { node in
                for bad: ParlorClient.JSONValue in ["2", -1, 1.5, true, [:]] {
                    let socket = try await node.connect("/ws/\(room.code)", .none)
                    try await socket.send(["type": "hello", "token": .string(ada.token), "after": bad])
                    #expect(try await socket.frame("error")["code"] == "invalid_input")
                    try await socket.send(["type": "hello", "token": .string(ada.token), "after": 0])
                    #expect(try await socket.joined()["recovered"] == true)
                }
                let none = try await node.connect("/ws/\(room.code)", .none)
                try await none.send(["type": "hello", "after": 0])
                try await expect(none, closesWith: 4001)
            }
        }
    }

    @Test func aRefreshedSocketEndsWithItsNewToken() async throws {
        try await World.with { world in
            let ada = try await world.person("Ada")
            let room = try await world.house.makeRoom([ada])
            try await world.withNode { node in
                let sockets = [
                    try await node.connect(ada, room), try await node.connect("/ws/status", .header(ada.token)),
                    try await node.connect(ada, room),
                ]
                for socket in sockets { try await socket.first() }
                for socket in sockets.prefix(2) {
                    // One that is over, by less than its leeway.
                    let token = try await world.token(of: ada, until: .now() - .seconds(5))
                    try await socket.send(["type": "refresh", "token": .string(token), "id": 1])
                    try await socket.frame("ack")
                    try await expect(socket, closesWith: 4001)
                }
                let gone = try await world.token(of: ada, until: .now() - .seconds(60))
                try await sockets[2].send(["type": "refresh", "token": .string(gone), "id": 2])
                #expect(try await sockets[2].frame("error")["code"] == "token_expired")
                try await sockets[2].send(["type": "ping", "id": 3])
                try await sockets[2].frame("pong")
            }
        }
    }

    @Test func aRefreshedSocketOutlivesItsFirstToken() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                let end = Timestamp.now() + .seconds(3)
                let short = try await world.token(of: ada, until: end)
                let sockets = [
                    try await node.connect("/ws/\(room.code)", .header(short)),
                    try await node.connect("/ws/status", .header(short)),
                ]
                for socket in sockets {
                    try await socket.first()
                    try await socket.send(["type": "refresh", "token": .string(ada.token), "id": 1])
                    try await socket.frame("ack")
                }
                // Let in later, it ends with that token: the other two have passed the moment by then.
                let witness = try await node.connect(
                    "/ws/\(room.code)", .header(try await world.token(of: bob, until: end + .seconds(1))))
                _ = try await witness.joined()
                try await expect(witness, closesWith: 4001)
                for socket in sockets {
                    try await socket.send(["type": "ping", "id": 2])
                    try await socket.frame("pong")
                }
            }
        }
    }

    @Test func whoCannotBeToldEverythingIsToComeAgain() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            for number in 0..<100 { try await world.house.say("\(number)", by: ada, in: room) }
            try await world.withNode { node in
                await world.house.set { $0.areEntriesReadable = false }
                let reader = try await node.connect(bob, room, after: 2)
                #expect(try await reader.joined()["recovered"] == true)
                // What is said meanwhile must not come before what is missing.
                try await world.house.say("live", by: ada, in: room)
                try await expect(reader, closesWith: 4201)
                #expect(reader.seqs == [])
                await world.house.set { $0.areEntriesReadable = true }
                let back = try await node.connect(bob, room, after: 2)
                try await eventually("all are there") { back.seqs.count == 101 }
                #expect(back.seqs == Array(3...103))
            }
        }
    }

    /// A room lives on the loop of its first socket: nothing comes between what the two of them do.
    @Test func whoGoesAfterTheSeatWasTakenIsNotBroughtUpForEver() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people)
            for number in 0..<100 { try await world.house.say("\(number)", by: people[0], in: room) }
            try await world.withNode { node in
                let (isAsked, isGone) = (Box<Bool>(), Box<Bool>())
                await world.house.set {
                    $0.beforeLive = { _ in
                        isAsked.set(true)
                        _ = try await isGone.value()
                    }
                }
                let hasty = try await node.connect(people[0], room, after: 2)
                _ = try await isAsked.value()
                await hasty.socket.close()
                isGone.set(true)
                let reader = try await node.connect(people[1], room, after: 2)
                try await eventually("all are there") { reader.seqs.count == 101 }
                try await eventually("the seat is free") {
                    let joined = try await node.connect(people[2], room).joined()
                    return joined["participants"]?.array?.contains { $0["displayName"] == "P0" } == false
                }
                #expect(await world.house.timelineReads == 1)
            }
        }
    }

    @Test func whoGoesBeforeBeingLetInTakesNoSeat() async throws {
        try await World.with { world in
            let people = try await world.people(3)
            let room = try await world.house.makeRoom(people)
            try await world.withNode { node in
                let witness = try await node.connect(people[0], room)
                _ = try await witness.joined()
                let (isAsked, isGone) = (Box<Bool>(), Box<Bool>())
                await world.house.set {
                    $0.afterAdmission = { _ in
                        isAsked.set(true)
                        _ = try await isGone.value()
                    }
                }
                let hasty = try await node.connect(people[1], room)
                _ = try await isAsked.value()
                await hasty.socket.close()
                isGone.set(true)
                _ = try await node.connect(people[2], room).joined()
                #expect(try await witness.frame("user_joined")["participant"]?["displayName"] == "P2")
            }
        }
    }

    @Test func aHoleThatNobodyCanFillEndsTheStream() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                let reader = try await node.connect(bob, room)
                _ = try await reader.joined()
                await world.house.set { ($0.areEntriesReadable, $0.tellsEntries) = (false, false) }
                try await world.house.say("lost", by: ada, in: room)
                await world.house.set { $0.tellsEntries = true }
                for number in 0...EntryStream.earlyEntries {
                    try await world.house.say("early \(number)", by: ada, in: room)
                }
                try await expect(reader, closesWith: 4201)
                #expect(reader.seqs == [])
            }
        }
    }

    @Test func whoJoinsTooOftenIsToldToWait() async throws {
        try await World.with(["JOIN_BURST": "2", "JOIN_RATE": "0.001"]) { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            try await world.withNode { node in
                let first = try await node.connect(ada, room)
                _ = try await first.joined()
                try await node.connect("/ws/status", .header(ada.token)).frame("ready")
                try await expect(node.connect(ada, room), closesWith: 4100)
                try await expect(node.connect("/ws/status", .header(ada.token)), closesWith: 4100)
                #expect(first.socket.isOpen)
                _ = try await node.connect(bob, room).joined()
            }
        }
    }
}

extension Talker {
    /// The first frame of whatever stream.
    fileprivate func first() async throws {
        try await eventually("a first frame comes") { !self.frames.isEmpty || !self.socket.isOpen }
        #expect(["joined", "ready"].contains(frames.first?.type))
    }
}
