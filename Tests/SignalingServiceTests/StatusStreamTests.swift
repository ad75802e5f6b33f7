import Events
import Foundation
import Identifiers
import ParlorClient
import TestSupport
import Testing

@testable import SignalingService

@Suite struct StatusStreamTests {
    @Test func tellsWhatConcernsItsUser() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            let room = try await world.house.makeRoom([ada, bob])
            let later = try await world.house.makeRoom([ada])
            try await world.withNode { node in
                let stream = try await node.connect("/ws/status", .header(bob.token))
                #expect(try await stream.frame("ready")["self"]?["userId"]?.string == bob.userId.description)
                try await eventually("news of the room arrive") {
                    try await world.house.say("x", by: ada, in: room)
                    try await Task.sleep(for: .milliseconds(50))
                    return !stream.frames("unread_changed").isEmpty
                }
                #expect(stream.frames("unread_changed")[0]["roomId"]?.string == room.code.description)
                // Many messages at once are one word a second.
                let before = stream.frames("unread_changed").count, start = ContinuousClock.now
                for _ in 0..<50 { try await world.house.say("y", by: ada, in: room) }
                let last = await world.house.rooms[room.code]?.entries.count ?? 0
                try await stream.frame("unread_changed") { $0["lastSeq"]?.int == last }
                let most = Int((ContinuousClock.now - start) / .seconds(1)) + 2
                #expect(stream.frames("unread_changed").count - before <= most)

                try await world.house.add(bob, to: later)
                try await eventually("the new room is followed") {
                    try await world.house.say("z", by: ada, in: later)
                    return stream.frames("unread_changed").contains { $0["roomId"]?.string == later.code.description }
                }
                let fields = InvitationFields(
                    invitationId: .new(), email: bob.email.uppercased(), status: .pending, delivery: .queued,
                    invitedBy: ada.userId, roomName: nil, expiresAt: .now())
                try await world.house.publish(Event(body: .invitationCreated(fields), room: later, userId: ada.userId))
                #expect(
                    try await stream.frame("invitation")["invitation"]?["invitedBy"]?.string == ada.userId.description)

                try await stream.send(["type": "ping", "id": 1])
                #expect(try await stream.frame("pong")["id"] == 1)
                try await stream.send(["type": "typing", "isTyping": true, "id": 2])
                #expect(try await stream.frame("error")["id"] == 2)
                try await stream.send(["type": "bye"])
                try await expect(stream, closesWith: 1000)
            }
        }
    }

    @Test func whatTheBrokerBringsTwiceIsToldOnce() async throws {
        try await World.with { world in
            let bob = try await world.person("Bob")
            try await world.withNode { node in
                let stream = try await node.connect("/ws/status", .header(bob.token))
                try await stream.frame("ready")
                let event = Event(body: .notificationCreated(.about(bob)), userId: bob.userId)
                let next = NotificationView.about(bob)
                try await world.house.publish(event)
                try await world.house.publish(event)
                try await world.house.publish(Event(body: .notificationCreated(next), userId: bob.userId))
                try await stream.frame("notification") { $0["notification"]?["id"]?.string == next.id.description }
                #expect(stream.frames("notification").count == 2)
            }
        }
    }

    @Test func aStreamBeginsWithReadyAndTheUnreadWhateverComesMeanwhile() async throws {
        try await World.with { world in
            let bob = try await world.person("Bob")
            let unread = NotificationView.about(bob)
            let later = NotificationView.about(bob)
            try await world.withNode { node in
                let other = try await node.connect("/ws/status", .header(bob.token))
                try await other.frame("ready")
                await world.house.set {
                    $0.unread = [unread]
                    $0.beforeUnread = { house in
                        // Both pass while the stream is being opened; one of them is in the list already.
                        for each in [unread, later] {
                            try await house.publish(Event(body: .notificationCreated(each), userId: bob.userId))
                        }
                        try await eventually("both have passed") { other.frames("notification").count == 2 }
                    }
                }
                let stream = try await node.connect("/ws/status", .header(bob.token))
                try await eventually("both are told") { stream.frames("notification").count >= 2 }
                #expect(stream.frames.map(\.type) == ["ready", "notification", "notification"])
                let told = stream.frames("notification").compactMap { $0["notification"]?["id"]?.string }
                #expect(told == [unread, later].map { $0.id.description })
            }
        }
    }

    @Test func aPairIsToldToBothWhereverTheyAreAndToNobodyElse() async throws {
        try await World.with { world in
            let (ada, bob, eve) = (
                try await world.person("Ada"), try await world.person("Bob"), try await world.person("Eve")
            )
            let room = try await world.house.makeRoom([ada, bob], max: 2, kind: .pair)
            let view = try #require(await world.house.rooms[room.code]?.view)
            try await world.withNode { one in
                try await world.withNode { other in
                    let streams = [
                        try await one.connect("/ws/status", .header(ada.token)),
                        try await other.connect("/ws/status", .header(ada.token)),
                        try await other.connect("/ws/status", .header(bob.token)),
                    ]
                    let stranger = try await one.connect("/ws/status", .header(eve.token))
                    for stream in streams + [stranger] { try await stream.frame("ready") }
                    for body in [EventBody.matchFound(view), .mutualLike] {
                        let event = Event(body: body, room: room, userId: ada.userId, targetUserId: bob.userId)
                        // The broker may bring it twice.
                        for _ in 0..<2 { try await world.house.publish(event) }
                    }
                    for stream in streams {
                        let told = try await stream.frame("mutual_like")
                        #expect(told["roomId"]?.string == room.code.description)
                        let match = try #require(stream.frames("match_found").first)
                        #expect(match["room"]?["roomId"]?.string == room.code.description)
                        #expect(match["room"]?["kind"] == "pair" && match["room"]?["memberCount"] == 2)
                        try await stream.send(["type": "ping", "id": 1])
                        try await stream.frame("pong")
                        #expect(stream.frames("match_found").count == 1 && stream.frames("mutual_like").count == 1)
                        for frame in stream.frames("match_found") + stream.frames("mutual_like") {
                            #expect(try AsyncAPIDocument.shared.faults(in: frame.json, on: .status) == [])
                        }
                    }
                    // What is told to a stream that follows nothing else comes after what is not told to it.
                    try await world.house.publish(
                        Event(body: .notificationCreated(.about(eve)), userId: eve.userId))
                    try await stranger.frame("notification")
                    #expect(stranger.frames.map(\.type) == ["ready", "notification"])
                }
            }
        }
    }

    /// A search lives on while its searcher has a stream open.
    @Test func theRoomServiceHearsWhoIsThere() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            try await world.withNode { node in
                let streams = [
                    try await node.connect("/ws/status", .header(ada.token)),
                    try await node.connect("/ws/status", .header(ada.token)),
                    try await node.connect("/ws/status", .header(bob.token)),
                ]
                for stream in streams { try await stream.frame("ready") }
                try await eventually("both are said to be there, each once", within: .seconds(120)) {
                    await world.house.present.sorted() == [ada.userId, bob.userId].sorted()
                }
            }
        }
    }

    @Test func aRefreshNeedsATokenOfTheSameUser() async throws {
        try await World.with { world in
            let (ada, bob) = (try await world.person("Ada"), try await world.person("Bob"))
            try await world.withNode { node in
                let stream = try await node.connect("/ws/status", .header(ada.token))
                try await stream.frame("ready")
                try await stream.send(["type": "refresh", "token": .string(bob.token), "id": 1])
                #expect(try await stream.frame("error")["id"] == 1)
                try await stream.send(["type": "refresh", "token": .string(ada.token), "id": 2])
                #expect(try await stream.frame("ack")["id"] == 2)
            }
        }
    }
}

extension NotificationView {
    fileprivate static func about(_ person: Person) -> NotificationView {
        NotificationView(
            id: .new(), userId: person.userId, email: nil, kind: "match_found", title: "News", payload: [:],
            status: .sent, attempts: 0, lastError: nil, readAt: nil, createdAt: .now())
    }
}
