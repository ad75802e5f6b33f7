import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// - Throws: ``Refusal/conflict(_:)`` where too many wait.
    func queue(
        _ track: TrackRef, in access: SessionAccess, by user: UserID, seated: Seated
    ) async throws -> QueueItemView {
        try await changeSession(access, by: user, seated: seated) { room, change in
            try await change.requireListener(user)
            let (waiting, own) = try await change.waiting(of: user)
            let roles = change.roles
            try QueueLimits.check(waiting: waiting, ofCaller: own, isBounded: user != roles.host && user != roles.dj)
            return QueueItemView(try await room.queue(track, by: user, in: &change), for: Nullable(wrappedValue: nil))
        }.0
    }

    /// What waits, in playing order, with the reader's votes.
    func queue(
        of session: SessionID, for reader: UserID, after position: QueuePosition?, limit: Int
    ) async throws -> [QueueItemView] {
        let rest: PGQuery =
            if let position {
                """
                AND (i.upvotes < \(position.upvotes)
                    OR i.upvotes = \(position.upvotes) AND i.position > \(position.position))
                """
            } else {
                ""
            }
        return try await pool.query(
            """
            SELECT \(QueueItem.columns), v.is_up FROM session_items i
            LEFT JOIN session_votes v ON v.item_id = i.id AND v.user_id = \(reader)
            WHERE i.session_id = \(session) AND i.played_at IS NULL \(rest)
            ORDER BY i.upvotes DESC, i.position LIMIT \(limit)
            """
        ).map { row in
            var columns = RowReader(row)
            let item = try QueueItem(&columns)
            let vote = try columns.next(Bool?.self).map { $0 ? VoteType.upvote : .downvote }
            return QueueItemView(item, for: Nullable(wrappedValue: vote))
        }
    }

    /// The place of an item in a queue.
    struct QueuePosition: Codable, Sendable {
        var upvotes: Int32
        var position: Int32
    }

    /// Takes a track back that waits: by who added it, or the host.
    func remove(_ item: QueueItemID, from access: SessionAccess, by user: UserID) async throws {
        try await changeSessionOnly(access, seated: .lastSeen) { change in
            let known = try await change.item(item, for: user)
            guard known.item.addedBy == user || change.session.hostID == user else { throw Refusal.forbidden }
            guard change.session.isLive else { throw Refusal.sessionEnded }
            guard known.item.playedAt == nil else { throw Refusal.conflict("the track does not wait any more") }
            try change.transaction.executeLater("DELETE FROM session_items WHERE id = \(item)")
            change.hasChangedQueue = true
        }
    }

    /// - Throws: ``Refusal/nothingThere`` for what is not of the session, then ``Refusal/sessionEnded``.
    func requireItem(_ item: QueueItemID, in access: SessionAccess) async throws {
        let rows = try await pool.query(
            "SELECT FROM session_items WHERE id = \(item) AND session_id = \(access.session.id)")
        guard !rows.isEmpty else { throw Refusal.nothingThere }
        try access.checkLive()
    }

    /// Votes for a track that waits or plays, in place of an earlier vote; `nil` takes that back.
    func vote(
        _ vote: VoteType?, for item: QueueItemID, in access: SessionAccess, by user: UserID
    ) async throws -> QueueItemView {
        try await changeSessionOnly(access, seated: .lastSeen) { change in
            let known = try await change.item(item, for: user)
            guard change.session.isLive else { throw Refusal.sessionEnded }
            let isOver = known.item.playedAt != nil && change.session.playback?.item.id != item
            guard !isOver else { throw Refusal.conflict("the track has been played") }
            guard vote != known.vote else { return QueueItemView(known.item, for: Nullable(wrappedValue: vote)) }
            let changed = try change.count(vote, insteadOf: known.vote, for: known.item, by: user)
            change.hasChangedQueue = true
            return QueueItemView(changed, for: Nullable(wrappedValue: vote))
        }
    }
}

extension SessionChange {
    /// How many tracks wait, and how many of them a listener put there.
    fileprivate func waiting(of user: UserID) async throws -> (all: Int, own: Int) {
        let rows = try await transaction.query(
            """
            SELECT count(*), count(*) FILTER (WHERE added_by = \(user)) FROM session_items
            WHERE session_id = \(session.id) AND played_at IS NULL
            """)
        return try rows[0].decode((Int, Int).self)
    }

    /// An item of the session and a listener's vote for it, under the lock.
    ///
    /// - Throws: the refusal of who takes no part, then ``Refusal/nothingThere``.
    fileprivate func item(_ id: QueueItemID, for user: UserID) async throws -> (item: QueueItem, vote: VoteType?) {
        let answers = try await transaction.pipeline([
            "SELECT FROM session_listeners WHERE session_id = \(session.id) AND user_id = \(user)",
            """
            SELECT \(QueueItem.columns), v.is_up FROM session_items i
            LEFT JOIN session_votes v ON v.item_id = i.id AND v.user_id = \(user)
            WHERE i.id = \(id) AND i.session_id = \(session.id)
            """,
        ])
        guard !answers[0].isEmpty else { throw Refusal.forbidden }
        guard let row = answers[1].first else { throw Refusal.nothingThere }
        var columns = RowReader(row)
        let item = try QueueItem(&columns)
        return (item, try columns.next(Bool?.self).map { $0 ? .upvote : .downvote })
    }

    fileprivate func count(
        _ vote: VoteType?, insteadOf before: VoteType?, for item: QueueItem, by user: UserID
    ) throws -> QueueItem {
        if let vote {
            try transaction.executeLater(
                """
                INSERT INTO session_votes (item_id, user_id, is_up) VALUES (\(item.id), \(user), \(vote == .upvote))
                ON CONFLICT (item_id, user_id) DO UPDATE SET is_up = excluded.is_up
                """)
        } else {
            try transaction.executeLater(
                "DELETE FROM session_votes WHERE item_id = \(item.id) AND user_id = \(user)")
        }
        let item = item.counting(vote, insteadOf: before)
        try transaction.executeLater(
            """
            UPDATE session_items SET upvotes = \(Int32(clamping: item.upvotes)),
                downvotes = \(Int32(clamping: item.downvotes))
            WHERE id = \(item.id)
            """)
        return item
    }
}
