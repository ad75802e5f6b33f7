import EventBus
import Events
import Identifiers
import Postgres

/// A message after a change, and the entry that tells of it; no entry where there was nothing to change.
struct ChangedMessage: Sendable {
    var message: StoredMessage
    var appended: AppendedEntry?
}

extension TimelineStore {
    /// Gives a message other content. The same content again changes nothing.
    ///
    /// - Parameter content: checked after the sender's rights.
    func edit(
        _ id: MessageID, in room: RoomID, by user: UserID, content: @escaping @Sendable () throws -> String
    ) async throws -> ChangedMessage {
        try await change(room, by: user) { change in
            try change.standing.requireVoice()
            var message = try await change.message(id)
            guard message.userId == user else { throw Refusal.forbidden("Only its sender may edit a message.") }
            try change.standing.requireActive()
            let content = try content()
            if message.isTombstone { throw Refusal.conflict("The message was deleted.") }
            if message.content == content { return ChangedMessage(message: message) }
            if message.editedAt == nil { try await change.keepOriginal(of: message) }
            message.content = content
            message.editedAt = change.now
            try await change.transaction.execute(
                """
                UPDATE messages SET content = \(content), edited_at = \(change.now)
                WHERE room_id = \(room) AND seq = \(message.seq)
                """)
            let appended = try await change.append(.messageUpdated(message.view), by: user, message: id)
            return ChangedMessage(message: message, appended: appended)
        }
    }

    /// Makes a tombstone of a message and takes its content out of all its entries. Its reactions and pin go too.
    func delete(_ id: MessageID, in room: RoomID, by user: UserID) async throws -> ChangedMessage {
        try await change(room, by: user) { change in
            let member = try change.standing.requireMember()
            var message = try await change.message(id)
            guard message.userId == user || member.isModerator else {
                throw Refusal.forbidden("Only its sender and moderators may delete a message.")
            }
            try change.standing.requireActive()
            if message.isTombstone { return ChangedMessage(message: message) }
            message.content = nil
            message.track = nil
            message.deletedAt = change.now
            try await change.empty(message)
            let appended = try await change.append(.messageDeleted(message.view), by: user, message: id)
            return ChangedMessage(message: message, appended: appended)
        }
    }
}

extension RoomChange {
    /// From now on the row shows another text, so the entry of the creation gets a row of its own.
    fileprivate func keepOriginal(of message: StoredMessage) async throws {
        let body = String(decoding: try WireJSON.encode(TimelineBody.messageCreated(message.view)), as: UTF8.self)
        try await transaction.execute(
            """
            INSERT INTO entries (room_id, seq, type, at, user_id, message_id, request_id, body)
            SELECT room_id, seq, 'message_created', created_at, user_id, message_id, request_id, \(body)
            FROM messages WHERE room_id = \(room.id) AND seq = \(message.seq)
            """)
    }

    /// - Parameter tombstone: without content.
    fileprivate func empty(_ tombstone: StoredMessage) async throws {
        try await transaction.execute(
            """
            UPDATE messages SET content = NULL, track_ref = NULL, deleted_at = \(now)
            WHERE room_id = \(room.id) AND seq = \(tombstone.seq)
            """)
        let body = String(decoding: try WireJSON.encode(TimelineBody.messageUpdated(tombstone.view)), as: UTF8.self)
        try await transaction.execute(
            """
            UPDATE entries SET body = \(body) WHERE room_id = \(room.id) AND message_id = \(tombstone.id)
            AND type IN ('message_created', 'message_updated')
            """)
        try await transaction.execute(
            "DELETE FROM reactions WHERE room_id = \(room.id) AND message_id = \(tombstone.id)")
        try await transaction.execute("DELETE FROM pins WHERE room_id = \(room.id) AND message_id = \(tombstone.id)")
    }
}
