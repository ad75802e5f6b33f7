import Events
import Identifiers

/// A room as it is stored. What people see of it is made by ``RoomViews``.
struct Room: Sendable, Equatable {
    var id: RoomID
    var code: RoomCode
    var kind: RoomKind
    var type: RoomType
    var name: String?
    var description: String?
    var genre: String?
    var ownerID: UserID
    var maxParticipants: Int
    /// Changes of fields, owner and end; not of counts or activity.
    var version: Int64
    /// The newest fact.
    var factHead: Int64
    var memberCount: Int
    var participantCount: Int
    var peakParticipants: Int
    var messageCount: Int64
    var sessionCount: Int
    /// The live listening session.
    var sessionID: SessionID?
    var createdAt: Timestamp
    var updatedAt: Timestamp
    var lastActivityAt: Timestamp
    var endedAt: Timestamp?
    var endReason: EndReason?

    var isActive: Bool { endedAt == nil }
    var ref: RoomRef { RoomRef(id: id, code: code) }
}
