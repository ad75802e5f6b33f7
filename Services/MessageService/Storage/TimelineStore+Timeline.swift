import EventBus
import Events
import Identifiers
import Postgres

/// An entry as it lies in the database, to be sent without being understood.
enum TimelineRow: Sendable {
    case creation(StoredMessage)
    case other(type: String, seq: Int64, at: Timestamp, userId: UserID?, body: String)

    var seq: Int64 {
        switch self {
        case .creation(let message): message.seq
        case .other(_, let seq, _, _, _): seq
        }
    }
}

extension JSONWriter {
    mutating func entry(_ row: TimelineRow) {
        switch row {
        case .creation(let message): creation(of: message)
        case .other(let type, let seq, let at, let userId, let body):
            entry(type: type, seq: seq, at: at, userId: userId, body: body)
        }
    }
}

extension TimelineStore {
    /// The next entries after a number, oldest first and dense.
    ///
    /// - Parameter isArchived: whether some of the room's entries moved to the archive.
    func timeline(of room: RoomRef, after: Int64, limit: Int, isArchived: Bool) async throws -> [TimelineRow] {
        try await pool.query(Self.timeline(of: room, after: after, limit: limit, isArchived: isArchived))
            .map { try TimelineRow(row: $0, room: room) }
    }

    /// One statement, so one snapshot: an edit moves the entry of a creation from one table to the other.
    fileprivate static func timeline(
        of room: RoomRef, after: Int64, limit: Int, isArchived: Bool, withRequests: Bool = false
    ) -> PGQuery {
        let source = isArchived ? "all_" : ""
        let request = withRequests ? "request_id" : "NULL::text"
        return """
            (SELECT e.seq, e.type, e.at, e.user_id, e.body, NULL::uuid, NULL::text, NULL::text, NULL::uuid, NULL::text,
                NULL::timestamptz, \(unescaped: request)
            FROM \(unescaped: source)entries e WHERE e.room_id = \(room.id) AND e.seq > \(after)
            ORDER BY e.seq LIMIT \(limit))
            UNION ALL
            (SELECT m.seq, m.type, m.created_at, m.user_id, NULL, m.message_id, m.content, m.track_ref, m.parent_id,
                m.client_message_id, m.deleted_at, \(unescaped: request)
            FROM \(unescaped: source)messages m
            WHERE m.room_id = \(room.id) AND m.seq > \(after) AND m.edited_at IS NULL
            ORDER BY m.seq LIMIT \(limit))
            ORDER BY seq LIMIT \(limit)
            """
    }

    /// The same with the requests they came by, within a transaction where one is given.
    func unpublished(
        of room: UnpublishedRoom, after: Int64, limit: Int, in transaction: PGTransaction? = nil
    ) async throws -> [UnpublishedEntry] {
        let query = Self.timeline(
            of: room.room, after: after, limit: limit, isArchived: room.isArchived, withRequests: true)
        let rows = if let transaction { try await transaction.query(query) } else { try await pool.query(query) }
        return try rows.map {
            UnpublishedEntry(row: try TimelineRow(row: $0, room: room.room), requestID: try $0.get(11))
        }
    }

    /// Where a room's timeline stands.
    struct Head: Sendable {
        var room: RoomRef
        var seq: Int64
        /// The last fact that became an entry.
        var appliedFact: Int64
        /// Whether part of it is archived.
        var isArchived: Bool
    }

    /// `nil` for an unknown room.
    func head(of room: RoomID) async throws -> Head? {
        let rows = try await pool.query(
            "SELECT code, last_seq, applied_fact, archived_seq > 0 FROM rooms WHERE room_id = \(room)")
        return try rows.first.map { row in
            let (code, seq, appliedFact, isArchived) = try row.decode((RoomCode, Int64, Int64, Bool).self)
            return Head(
                room: RoomRef(id: room, code: code), seq: seq, appliedFact: appliedFact, isArchived: isArchived)
        }
    }

    /// What the room service shows in a room's statistics.
    func summary(of room: RoomID) async throws -> InternalAPI.RoomSummary? {
        let rows = try await pool.query(
            "SELECT last_seq, message_count, last_message_at FROM rooms WHERE room_id = \(room)")
        return try rows.first.map { row in
            let (seq, count, last) = try row.decode((Int64, Int64, Timestamp?).self)
            return InternalAPI.RoomSummary(seq: seq, messageCount: count, lastMessageAt: last)
        }
    }
}

extension TimelineRow {
    fileprivate init(row: PGRow, room: RoomRef) throws {
        let (seq, type, at, userId, body) = try row.decode((Int64, String, Timestamp, UserID?, String?).self)
        if let body {
            self = .other(type: type, seq: seq, at: at, userId: userId, body: body)
            return
        }
        guard let userId else { throw PGError(.decoding, "message \(seq) has no sender") }
        self = .creation(
            StoredMessage(
                id: try row.get(5), room: room, seq: seq, userId: userId, type: MessageType(rawValue: type) ?? .text,
                content: try row.get(6), track: try row.get(7), parentId: try row.get(8),
                clientMessageId: try row.get(9), createdAt: at, deletedAt: try row.get(10)))
    }
}
