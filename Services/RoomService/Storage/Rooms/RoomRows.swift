import EventBus
import Events
import Identifiers
import Postgres

extension Room {
    /// Of a `rooms` row called `r`, in the order that ``init(_:)`` reads.
    static let columns: PGQuery = """
        r.id, r.code, r.kind, r.type, r.name, r.description, r.genre, r.owner_id, r.max_participants, r.version, \
        r.fact_head, r.member_count, r.participant_count, r.peak_participants, r.message_count, r.session_count, \
        r.session_id, r.created_at, r.updated_at, r.last_activity_at, r.ended_at, r.end_reason
        """

    init(_ reader: inout RowReader) throws {
        self.init(
            id: try reader.next(), code: try reader.next(), kind: try reader.next(), type: try reader.next(),
            name: try reader.next(), description: try reader.next(), genre: try reader.next(),
            ownerID: try reader.next(), maxParticipants: try reader.next(), version: try reader.next(),
            factHead: try reader.next(), memberCount: try reader.next(), participantCount: try reader.next(),
            peakParticipants: try reader.next(), messageCount: try reader.next(), sessionCount: try reader.next(),
            sessionID: try reader.next(), createdAt: try reader.next(), updatedAt: try reader.next(),
            lastActivityAt: try reader.next(), endedAt: try reader.next(), endReason: try reader.next())
    }

    init(row: PGRow) throws {
        var reader = RowReader(row)
        try self.init(&reader)
    }

    /// Rooms without a name come after all others.
    var nameKey: String { name.map(TextRules.key) ?? "\u{10FFFF}" }
    var genreKey: String? { genre.map(TextRules.key) }
    var words: [String] { SearchWords.words(of: name, description) }
}

extension Member {
    /// Of a `members` row called `m` with its `users` row called `u`.
    static let columns: PGQuery = """
        m.user_id, u.display_name, m.role, m.is_muted, m.muted_until, m.joined_at, m.joined_fact
        """
    static let columnCount = 7

    init(_ reader: inout RowReader) throws {
        self.init(
            userID: try reader.next(), displayName: try reader.next(), role: try reader.next(),
            isMuted: try reader.next(), mutedUntil: try reader.next(), joinedAt: try reader.next(),
            joinedFact: try reader.next())
    }

    init(row: PGRow) throws {
        var reader = RowReader(row)
        try self.init(&reader)
    }

    /// For the right side of an outer join, where there may be nobody.
    static func optional(_ reader: inout RowReader, isPresent: Bool) throws -> Member? {
        guard isPresent else {
            reader.skip(columnCount)
            return nil
        }
        return try Member(&reader)
    }
}

extension RoomBan {
    /// Of a `room_bans` row called `b`.
    static let columns: PGQuery = "b.user_id, b.reason, b.until, b.banned_by, b.created_at"

    init(_ reader: inout RowReader) throws {
        self.init(
            userID: try reader.next(), reason: try reader.next(), until: try reader.next(),
            bannedBy: try reader.next(), createdAt: try reader.next())
    }

    init(row: PGRow) throws {
        var reader = RowReader(row)
        try self.init(&reader)
    }
}
