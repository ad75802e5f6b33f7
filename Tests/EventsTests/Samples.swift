import Events
import Foundation
import Identifiers

/// One event of every type, with every field that it may have.
enum Samples {
    static let room = RoomRef(id: id(1), code: RoomCode("abc-defg-hij")!)
    static let alice: UserID = id(2)
    static let bob: UserID = id(3)
    static let at = Timestamp("2026-01-31T12:34:56.789Z")!

    static func id<T: TypedID>(_ number: UInt8) -> T {
        T(UUID(bytes: [1, 0x90, 0, 0, 0, 0, 0x70, 0, 0x80, 0, 0, 0, 0, 0, 0, number]))
    }

    static let member = MemberView(
        userId: bob, displayName: "Bób 🐝", role: .moderator, isMuted: true, mutedUntil: at, joinedAt: at)
    static let message = MessageView(
        id: id(4), roomId: room.code, seq: 7, userId: alice, type: .trackCard, content: "Hello \"you\"\n👋",
        trackRef: TrackRef(
            provider: "spotify", id: "x/1", title: "Song", artist: "A", durationMs: 1000, artworkUrl: "https://a/b",
            url: "https://c/d"),
        parentId: id(5), clientMessageId: "c-1", createdAt: at, editedAt: at, deletedAt: nil)
    static let tombstone = MessageView(
        id: id(4), roomId: room.code, seq: 7, userId: alice, type: .text, content: nil, trackRef: nil, parentId: nil,
        clientMessageId: nil, createdAt: at, editedAt: nil, deletedAt: at)
    static let view = RoomView(
        id: room.id, roomId: room.code, name: "Standup", description: nil, kind: .meeting, type: .unlisted,
        genre: nil, hostId: alice, maxParticipants: 4, isActive: true, createdAt: at, updatedAt: at,
        lastActivityAt: at, endedAt: nil, expiresAt: at, version: 3, standing: nil)
    static let session = JSONValue.object([
        "id": .string((id(9) as SessionID).description), "roomId": .string(room.code.description),
        "name": .string("Late"), "genre": .string("slowcore"), "tags": .array([.string("slowCore")]),
        "isPrivate": .bool(false), "hostId": .string(bob.description), "currentDJId": .string(alice.description),
        "status": .string("paused"), "listenerCount": .integer(2), "createdAt": .string(at.description),
        "endedAt": .null,
        "nowPlaying": .object([
            "startedAt": .string(at.description), "positionMs": .integer(20), "pausedAt": .string(at.description),
            "item": item(10, playedAt: at),
        ]),
        "queue": .array([item(11, playedAt: nil)]),
    ])
    private static func item(_ number: UInt8, playedAt: Timestamp?) -> JSONValue {
        .object([
            "id": .string((id(number) as QueueItemID).description), "addedBy": .string(bob.description),
            "trackRef": .object([
                "provider": .string("spotify"), "id": .string("x/1"), "title": .string("Song"),
                "durationMs": .integer(1000),
            ]),
            "position": .integer(Int64(number)), "upvotes": .integer(2), "downvotes": .integer(1),
            "playedAt": playedAt.map { .string($0.description) } ?? .null, "skipped": .bool(false),
        ])
    }
    static let participant = ParticipantView(
        userId: bob, displayName: "Bob", role: .member, connections: [id(6)], joinedAt: at,
        media: [(id(6) as ConnectionID).description: MediaState(audio: true)])
    static func invitation(
        _ status: InvitationStatus, _ delivery: DeliveryStatus, number: Int = 0, reason: String? = nil
    ) -> InvitationFields {
        InvitationFields(
            invitationId: id(7), email: "carol@example.org", status: status, delivery: delivery, invitedBy: alice,
            roomName: "Standup", expiresAt: at, deliveryNumber: number, reason: reason)
    }

    static let notification = NotificationView(
        id: id(8), userId: bob, email: "bob@example.org", kind: "invitation", title: "An invitation",
        payload: ["roomId": .string("abc-defg-hij")], status: .sent, attempts: 1, lastError: nil, readAt: nil,
        createdAt: at)

    /// As both of a pair see their room.
    static let pairView: RoomView = {
        var pair = view
        pair.kind = .pair
        pair.standing = RoomView.Standing(memberCount: 2, participantCount: 0, myRole: .member)
        return pair
    }()

    static let bodies: [EventBody] = [
        .timeline(.messageCreated(message)), .timeline(.messageUpdated(message)),
        .timeline(.messageDeleted(tombstone)),
        .timeline(.reactionAdded(ReactionChange(messageId: id(4), emoji: "👍🏽", count: 2))),
        .timeline(.reactionRemoved(ReactionChange(messageId: id(4), emoji: "👍🏽", count: 1))),
        .timeline(.reactionsCleared(messageId: id(4))),
        .timeline(.memberJoined(member)), .timeline(.memberLeft(member, reason: .removed)),
        .timeline(.memberUpdated(member)), .timeline(.memberBanned(member, reason: "spam", until: at)),
        .timeline(.roomUpdated(view)), .timeline(.roomEnded(view, reason: .expired)),
        .timeline(.sessionStarted(session)), .timeline(.sessionEnded(session)), .timeline(.trackStarted(session)),
        .roomCreated(view), .userJoined(PresenceChange(participant: participant, participantCount: 2)),
        .participantUpdated(PresenceChange(participant: participant, participantCount: 2)),
        .userLeft(PresenceEnd(reason: .timeout, participantCount: 1)),
        .queueUpdated(SessionState(session: session, sessionVersion: 4)),
        .invitationCreated(invitation(.pending, .queued)), .invitationAccepted(invitation(.accepted, .sent, number: 2)),
        .invitationDeclined(invitation(.declined, .sent, number: 2)),
        .invitationDeliveryChanged(invitation(.pending, .failed, number: 2, reason: "550 no such user")),
        .matchFound(pairView), .mutualLike,
        .userBanned(UserBan(banned: true, reason: "abuse", until: nil)),
        .reportCreated(ReportFields(reportId: id(9), messageId: id(4))), .notificationCreated(notification),
    ]

    static let events: [Event] = bodies.map { body in
        let hasRoom: Bool
        let isEntry: Bool
        switch body {
        case .userBanned, .notificationCreated: (hasRoom, isEntry) = (false, false)
        case .timeline: (hasRoom, isEntry) = (true, true)
        default: (hasRoom, isEntry) = (true, false)
        }
        return Event(
            id: id(100), body: body, room: hasRoom ? room : nil, userId: alice, targetUserId: hasRoom ? nil : bob,
            timestamp: at, seq: isEntry ? 8 : nil, requestId: "request-1")
    }
}
