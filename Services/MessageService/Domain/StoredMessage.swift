import Events
import Identifiers

/// A message as it is now.
struct StoredMessage: Sendable, Equatable {
    var id: MessageID
    var room: RoomRef
    var seq: Int64
    var userId: UserID
    var type: MessageType
    /// `nil` in a tombstone.
    var content: String?
    /// A ``TrackRef`` as JSON text, ready to be spliced.
    var track: String?
    var parentId: MessageID?
    var clientMessageId: String?
    var replyCount = 0
    var createdAt: Timestamp
    var editedAt: Timestamp?
    var deletedAt: Timestamp?

    var isTombstone: Bool { deletedAt != nil }

    /// As part of an entry: without what depends on the reader or the moment.
    var view: MessageView {
        MessageView(
            id: id, roomId: room.code, seq: seq, userId: userId, type: type, content: content,
            trackRef: track.flatMap { try? WireJSON.decode(TrackRef.self, from: $0.utf8) }, parentId: parentId,
            clientMessageId: clientMessageId, createdAt: createdAt, editedAt: editedAt, deletedAt: deletedAt)
    }
}
