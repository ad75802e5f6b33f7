import ParlorClient

/// The objects of the contract.
extension Shape {
    static let room: Shape = .object(roomFields.merging(roomCounts) { $1 })

    private static let roomFields: [String: Shape] = [
        "id": .uuid, "roomId": .code, "name": .nullable(.string), "description": .nullable(.string),
        "kind": .oneOf(["meeting", "chat", "listening", "pair"]),
        "type": .oneOf(["public", "unlisted", "private", "genre", "artist"]), "genre": .nullable(.string),
        "hostId": .nullable(.uuid), "maxParticipants": .integer, "isActive": .bool, "isPrivate": .bool,
        "createdAt": .time, "updatedAt": .time, "lastActivityAt": .time, "endedAt": .nullable(.time),
        "expiresAt": .nullable(.time), "version": .integer,
    ]
    private static let roomCounts: [String: Shape] = [
        "memberCount": .integer, "participantCount": .integer,
        "myRole": .nullable(.oneOf(["owner", "moderator", "member"])),
    ]
    /// In an entry the counts and `myRole` are left out.
    static let entryRoom: Shape = .object(roomFields)

    static let member: Shape = .object([
        "userId": .uuid, "displayName": .string, "role": .oneOf(["owner", "moderator", "member"]), "isMuted": .bool,
        "mutedUntil": .nullable(.time), "joinedAt": .time,
    ])

    static let invitation: Shape = .object([
        "invitationId": .uuid, "roomId": .code, "roomName": .nullable(.string), "email": .string, "invitedBy": .any,
        "status": .oneOf(["pending", "accepted", "declined", "withdrawn", "expired"]),
        "delivery": .oneOf(["queued", "sending", "sent", "failed", "uncertain"]), "createdAt": .time,
        "expiresAt": .time,
    ])

    private static let messageFields: [String: Shape] = [
        "id": .uuid, "roomId": .code, "seq": .integer, "userId": .nullable(.uuid),
        "type": .oneOf(["text", "track_card", "system", "reply"]), "content": .nullable(.string),
        "trackRef": .nullable(.any), "parentId": .nullable(.uuid), "clientMessageId": .nullable(.string),
        "createdAt": .time, "editedAt": .nullable(.time), "deletedAt": .nullable(.time),
    ]
    static let message: Shape = .object(
        messageFields.merging([
            "replyCount": .integer,
            "reactions": .list(.object(["emoji": .string, "count": .integer, "me": .bool])),
        ]) { $1 })
    static let entryMessage: Shape = .object(messageFields)

    static let notification: Shape = .object([
        "id": .uuid, "userId": .nullable(.uuid), "email": .nullable(.string), "kind": .string, "title": .string,
        "payload": .any, "status": .oneOf(["queued", "sending", "sent", "failed", "uncertain"]), "attempts": .integer,
        "lastError": .nullable(.string), "readAt": .nullable(.time), "createdAt": .time,
    ])

    static func page(of item: Shape, with extra: [String: Shape] = [:]) -> Shape {
        .object(["items": .list(item), "nextCursor": .nullable(.string)].merging(extra) { $1 })
    }

    static func problem(status: Int, code: String) -> Shape {
        .object(
            [
                "type": .string, "title": .string, "status": .integer, "detail": .string, "code": .oneOf([code]),
                "requestId": .string, "retryable": .bool,
            ], optional: ["errors": .list(.object(["field": .string, "message": .string]))])
    }
}
