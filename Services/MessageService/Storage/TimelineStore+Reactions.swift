import EventBus
import Events
import Identifiers
import Postgres

/// The reactions to a message after a change, and the entry that tells of it.
struct ChangedReactions: Sendable {
    var reactions: [ReactionCount]
    var appended: AppendedEntry?
}

extension TimelineStore {
    /// Adding twice is one.
    ///
    /// - Parameter emoji: checked after the caller's rights.
    func react(
        to id: MessageID, in room: RoomID, by user: UserID, emoji: @escaping @Sendable () throws -> String
    ) async throws -> ChangedReactions {
        try await change(room, by: user) { change in
            try change.standing.requireVoice()
            let message = try await change.message(id)
            try change.standing.requireActive()
            let emoji = try emoji()
            if message.isTombstone { throw Refusal.conflict("The message was deleted.") }
            let added = try await change.transaction.execute(
                """
                INSERT INTO reactions (room_id, message_id, emoji, user_id, at)
                VALUES (\(room), \(id), \(emoji), \(user), \(change.now)) ON CONFLICT DO NOTHING
                """)
            return try await change.reactions(to: id, emoji, by: user, ifChanged: added) { .reactionAdded($0) }
        }
    }

    /// Removing what is not there changes nothing.
    ///
    /// - Parameter emoji: found, or not, inside the message that it is to be taken from.
    func unreact(
        from id: MessageID, in room: RoomID, by user: UserID, emoji: @escaping @Sendable () throws -> String
    ) async throws -> ChangedReactions {
        try await change(room, by: user) { change in
            try change.standing.requireVoice()
            _ = try await change.message(id)
            let emoji = try emoji()
            try change.standing.requireActive()
            let removed = try await change.transaction.execute(
                """
                DELETE FROM reactions
                WHERE room_id = \(room) AND message_id = \(id) AND emoji = \(emoji) AND user_id = \(user)
                """)
            return try await change.reactions(to: id, emoji, by: user, ifChanged: removed) { .reactionRemoved($0) }
        }
    }

    /// Removes everybody's reactions; for moderators.
    func clearReactions(of id: MessageID, in room: RoomID, by user: UserID) async throws -> ChangedReactions {
        try await change(room, by: user) { change in
            try change.standing.requireModerator(to: "clear reactions")
            try change.standing.requireVoice()
            _ = try await change.message(id)
            try change.standing.requireActive()
            let removed = try await change.transaction.execute(
                "DELETE FROM reactions WHERE room_id = \(room) AND message_id = \(id)")
            guard removed > 0 else { return ChangedReactions(reactions: []) }
            let appended = try await change.append(.reactionsCleared(messageId: id), by: user, message: id)
            return ChangedReactions(reactions: [], appended: appended)
        }
    }

    /// What `reader` sees of the reactions to each of `messages`, those that came first in front.
    func reactions(
        to messages: [MessageID], in room: RoomID, seenBy reader: UserID?
    ) async throws -> [MessageID: [ReactionCount]] {
        guard !messages.isEmpty else { return [:] }
        let rows = try await pool.query(Self.reactions(to: messages, in: room, seenBy: reader))
        return try Self.reactions(from: rows)
    }

    fileprivate static func reactions(to messages: [MessageID], in room: RoomID, seenBy reader: UserID?) -> PGQuery {
        """
        SELECT message_id, emoji, count(*), coalesce(bool_or(user_id = \(reader)), false) FROM reactions
        WHERE room_id = \(room) AND message_id = ANY(\(messages))
        GROUP BY message_id, emoji ORDER BY min(at), emoji
        """
    }

    fileprivate static func reactions(from rows: [PGRow]) throws -> [MessageID: [ReactionCount]] {
        var reactions: [MessageID: [ReactionCount]] = [:]
        for row in rows {
            let (id, emoji, count, me) = try row.decode((MessageID, String, Int, Bool).self)
            reactions[id, default: []].append(ReactionCount(emoji: emoji, count: count, me: me))
        }
        return reactions
    }
}

extension RoomChange {
    fileprivate func reactions(
        to id: MessageID, _ emoji: String, by user: UserID, ifChanged changed: Int,
        entry: (ReactionChange) -> TimelineBody
    ) async throws -> ChangedReactions {
        let rows = try await transaction.query(TimelineStore.reactions(to: [id], in: room.id, seenBy: user))
        let reactions = try TimelineStore.reactions(from: rows)[id] ?? []
        guard changed > 0 else { return ChangedReactions(reactions: reactions) }
        let count = reactions.first { $0.emoji == emoji }?.count ?? 0
        let appended = try await append(
            entry(ReactionChange(messageId: id, emoji: emoji, count: count)), by: user, message: id)
        return ChangedReactions(reactions: reactions, appended: appended)
    }
}
