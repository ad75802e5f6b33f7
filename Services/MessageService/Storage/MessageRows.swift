import EventBus
import Events
import Identifiers
import Postgres

/// How rows become messages.
extension StoredMessage {
    /// The columns ``init(row:)`` reads, of `messages` as `m` and `rooms` as `r`.
    static let columns = PGQuery(
        unescaped: """
            m.message_id, r.room_id, r.code, m.seq, m.user_id, m.type, m.content, m.track_ref, m.parent_id, \
            m.client_message_id, m.reply_count, m.created_at, m.edited_at, m.deleted_at
            """)

    init(row: PGRow) throws {
        let (
            id, roomID, code, seq, userID, type, content, track, parentID, clientMessageID, replyCount, createdAt,
            editedAt, deletedAt
        ) = try row.decode(
            (
                MessageID, RoomID, RoomCode, Int64, UserID, String, String?, String?, MessageID?, String?, Int,
                Timestamp, Timestamp?, Timestamp?
            ).self)
        self.init(
            id: id, room: RoomRef(id: roomID, code: code), seq: seq, userId: userID,
            type: MessageType(rawValue: type) ?? .text, content: content, track: track, parentId: parentID,
            clientMessageId: clientMessageID, replyCount: replyCount, createdAt: createdAt, editedAt: editedAt,
            deletedAt: deletedAt)
    }
}
