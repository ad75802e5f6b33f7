import ParlorClient

/// The frames of section 5, by type.
extension Shape {
    static let participant: Shape = .object([
        "userId": .uuid, "displayName": .string, "role": .oneOf(["owner", "moderator", "member"]),
        "connections": .list(.string), "joinedAt": .time, "media": .any,
    ])

    private static let head: [String: Shape] = ["type": .string]
    private static let entryHead: [String: Shape] = [
        "type": .string, "seq": .integer, "at": .time, "userId": .nullable(.uuid),
    ]

    private static func frame(_ fields: [String: Shape], optional: [String: Shape] = [:]) -> Shape {
        .object(head.merging(fields) { $1 }, optional: optional)
    }

    private static func entry(_ fields: [String: Shape]) -> Shape { .object(entryHead.merging(fields) { $1 }) }

    static let frames: [String: Shape] = [
        "joined": frame([
            "room": room, "self": .object(["userId": .uuid, "connectionId": .string]),
            "participants": .list(participant), "seq": .integer, "recovered": .bool, "recent": .list(message),
            "session": .nullable(.any), "heartbeatMs": .integer, "serverTime": .time, "resumeWindow": .integer,
        ]),
        "message_created": entry(["message": entryMessage]), "message_updated": entry(["message": entryMessage]),
        "message_deleted": entry(["message": entryMessage]),
        "reaction_added": entry(["messageId": .uuid, "emoji": .string, "count": .integer]),
        "reaction_removed": entry(["messageId": .uuid, "emoji": .string, "count": .integer]),
        "reactions_cleared": entry(["messageId": .uuid]),
        "member_joined": entry(["member": member]), "member_updated": entry(["member": member]),
        "member_left": entry(["member": member, "reason": .oneOf(["left", "removed"])]),
        "member_banned": entry(["member": member, "reason": .nullable(.string), "until": .nullable(.time)]),
        "room_updated": entry(["room": entryRoom]),
        "room_ended": entry(["room": entryRoom, "reason": .oneOf(["deleted", "empty", "expired"])]),
        "user_joined": frame(["participant": participant]),
        "participant_updated": frame(["participant": participant]),
        "user_left": frame(["userId": .uuid, "reason": .oneOf(["bye", "closed", "timeout", "removed"])]),
        "typing": frame(["userId": .uuid, "isTyping": .bool]),
        "signal": frame(["from": .object(["userId": .uuid, "connectionId": .string]), "data": .any]),
        "media": frame(["userId": .uuid, "connectionId": .string, "audio": .any, "video": .any, "screen": .any]),
        "pong": frame(["id": .any, "serverTime": .time]),
        "ack": frame(["id": .any], optional: ["clientMessageId": .any, "messageId": .any, "seq": .any]),
        "error": frame(
            ["code": .string, "message": .string, "retryable": .bool],
            optional: ["id": .any, "retryAfterMs": .integer, "clientMessageId": .any]),
        "draining": frame(["reconnectAfterMs": .integer]),
    ]

    /// What is wrong with the frames that somebody got.
    static func faults(in frames: [ParlorFrame]) -> [String] {
        Set(
            frames.flatMap { frame -> [String] in
                guard let shape = self.frames[frame.type] else { return ["the frame type '\(frame.type)' is unknown"] }
                return shape.faults(in: frame.json, at: frame.type)
            }
        ).sorted()
    }
}
