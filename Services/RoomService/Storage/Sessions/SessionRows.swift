import EventBus
import Events
import Identifiers
import Postgres

extension ListeningSession {
    /// Of a `sessions` row called `s`, in the order that ``init(_:)`` reads.
    static let columns: PGQuery = """
        s.id, s.room_id, s.name, s.genre, s.tags, s.is_private, s.host_id, s.dj_id, s.item_head, s.version, \
        s.created_at, s.ended_at, s.item_id, s.started_at, s.paused_at
        """

    /// Without what plays, of which the row says only when: ``play(_:_:)`` adds it.
    init(_ reader: inout RowReader) throws {
        self.init(
            id: try reader.next(), roomID: try reader.next(), name: try reader.next(), genre: try reader.next(),
            tags: try reader.next(), isPrivate: try reader.next(), hostID: try reader.next(),
            djID: try reader.next(), playback: nil, itemHead: try reader.next(), version: try reader.next(),
            createdAt: try reader.next(), endedAt: try reader.next())
    }

    /// The last columns: what plays, and when.
    struct PlaybackTimes {
        var item: QueueItemID?
        var startedAt: Timestamp?
        var pausedAt: Timestamp?

        init(_ reader: inout RowReader) throws {
            item = try reader.next()
            startedAt = try reader.next()
            pausedAt = try reader.next()
        }

        func playback(_ item: QueueItem) -> Playback? {
            guard let startedAt, item.id == self.item else { return nil }
            return Playback(item, startedAt: startedAt, pausedAt: pausedAt)
        }
    }
}

extension QueueItem {
    /// Of a `session_items` row called `i`.
    static let columns: PGQuery = """
        i.id, i.added_by, i.track, i.position, i.upvotes, i.downvotes, i.played_at, i.skipped
        """
    static let columnCount = 8

    init(_ reader: inout RowReader) throws {
        self.init(
            id: try reader.next(), addedBy: try reader.next(), track: try reader.next(PGJSON<TrackRef>.self).value,
            position: try reader.next(), upvotes: try reader.next(), downvotes: try reader.next(),
            playedAt: try reader.next(), isSkipped: try reader.next())
    }

    init(row: PGRow) throws {
        var reader = RowReader(row)
        try self.init(&reader)
    }
}

/// Who of the listeners sits in the room: as the seats say, or as was last seen where they cannot be asked.
enum Seated: Sendable {
    case known(Set<UserID>)
    case lastSeen

    /// Of a `session_listeners` row called `l` in a room.
    func condition(room: PGQuery) -> PGQuery {
        switch self {
        case .known(let users): "l.user_id = ANY(\(Array(users)))"
        case .lastSeen:
            "EXISTS (SELECT FROM presence p WHERE p.room_id = \(room) AND p.user_id = l.user_id)"
        }
    }
}
