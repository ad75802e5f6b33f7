import EventBus
import Events
import Identifiers
import Postgres

/// A session with its queue as of one moment, for one reader or for all.
struct SessionSnapshot: Sendable {
    var view: SessionView
    var room: RoomRef
    /// Counts the changes of the session: of two snapshots it says which is later.
    var version: Int64

    /// As events and other services have it; `nil` of one that has ended.
    var state: SessionState? {
        get throws {
            guard view.status != .ended else { return nil }
            return SessionState(session: try view.json, sessionVersion: version)
        }
    }

    /// - Parameters:
    ///   - matching: of a `sessions` row called `s`.
    ///   - reader: whose votes are shown; `nil` where everybody reads the same.
    static func query(_ matching: PGQuery, for reader: UserID?, seated: Seated, hasQueue: Bool = true) -> PGQuery {
        let waiting: PGQuery =
            hasQueue ? "UNION ALL SELECT * FROM session_items WHERE session_id = s.id AND played_at IS NULL" : ""
        return """
            SELECT \(ListeningSession.columns), r.code, r.type, clock_timestamp(), (
                    SELECT count(*) FROM session_listeners l
                    WHERE l.session_id = s.id AND \(seated.condition(room: "s.room_id"))),
                v.is_up, i.id IS NOT NULL, \(QueueItem.columns)
            FROM sessions s JOIN rooms r ON r.id = s.room_id
            LEFT JOIN LATERAL (SELECT * FROM session_items WHERE id = s.item_id \(waiting)) i ON true
            LEFT JOIN session_votes v ON v.item_id = i.id AND v.user_id = \(reader)
            WHERE \(matching)
            """
    }

    /// The snapshots that rows of ``query(_:for:seated:hasQueue:)`` make.
    static func read(_ rows: [PGRow], for reader: UserID?, hasQueue: Bool = true) throws -> [SessionSnapshot] {
        var snapshots: [SessionSnapshot] = []
        var indexes: [SessionID: Int] = [:]
        for row in rows {
            var columns = RowReader(row)
            var session = try ListeningSession(&columns)
            let times = try ListeningSession.PlaybackTimes(&columns)
            let (code, type, now) = (
                try columns.next(RoomCode.self), try columns.next(RoomType.self), try columns.next(Timestamp.self)
            )
            let count = try columns.next(Int.self)
            let vote = try columns.next(Bool?.self).map { $0 ? VoteType.upvote : .downvote }
            let shown = reader.map { _ in Nullable(wrappedValue: vote) }
            let item = try columns.next(Bool.self) ? try QueueItem(&columns) : nil
            session.playback = item.flatMap(times.playback)
            if indexes[session.id] == nil {
                indexes[session.id] = snapshots.count
                snapshots.append(
                    SessionSnapshot(
                        view: SessionView(
                            session, in: code, roomType: type, listenerCount: count, at: now,
                            queue: hasQueue ? [] : nil),
                        room: RoomRef(id: session.roomID, code: code), version: session.version))
            }
            guard let item, let index = indexes[session.id] else { continue }
            if session.playback == nil {
                snapshots[index].view.queue?.append(QueueItemView(item, for: shown))
            } else {
                snapshots[index].view.nowPlaying =
                    SessionView(
                        session, in: code, roomType: type, listenerCount: count, at: now, playingFor: shown
                    ).nowPlaying
            }
        }
        for index in snapshots.indices { snapshots[index].view.sortQueue() }
        return snapshots
    }
}

extension SessionView {
    /// Upvotes descending, then position: what plays next comes first.
    fileprivate mutating func sortQueue() {
        queue?.sort { ($1.upvotes, $0.position) < ($0.upvotes, $1.position) }
    }
}
