import EventBus
import Events
import Identifiers
import Postgres

/// What happens to a session and is a fact of its room.
extension RoomChange {
    /// Runs `body` with the session locked, after the room; writes it, and remembers whom to tell after the commit.
    mutating func withSession<T>(
        _ id: SessionID, seated: Seated, _ body: (inout RoomChange, inout SessionChange) async throws -> T
    ) async throws -> T {
        var session = try await SessionChange(
            locking: id, in: transaction, room: room.ref, type: room.type, seated: seated)
        let result = try await body(&self, &session)
        if let news = try session.write() { sessionNews = news }
        return result
    }

    /// Begins a session with its host as the first listener.
    mutating func begin(_ draft: SessionDraft, by host: UserID, seated: Seated) async throws -> SessionChange {
        guard room.sessionID == nil else { throw Refusal.conflict("a session is live in the room") }
        let rows = try await transaction.query("SELECT clock_timestamp()")
        let now: Timestamp = try rows[0].get(0)
        let session = ListeningSession(
            id: SessionID(.v7(at: now)), roomID: room.id, name: draft.name ?? room.name ?? draft.genre,
            genre: draft.genre, tags: draft.tags, isPrivate: draft.isPrivate, hostID: host, djID: host, playback: nil,
            itemHead: 0, version: 0, createdAt: now, endedAt: nil)
        try transaction.executeLater(
            """
            INSERT INTO sessions (id, room_id, name, genre, genre_key, tags, is_private, host_id, dj_id, version,
                changed_at, created_at)
            VALUES (\(session.id), \(room.id), \(session.name), \(session.genre), \(TextRules.key(session.genre)),
                \(session.tags), \(session.isPrivate), \(host), \(host), \(session.version), \(now), \(now))
            """)
        room.sessionID = session.id
        room.sessionCount += 1
        var change = SessionChange(transaction: transaction, room: room, seated: seated, now: now, session: session)
        change.hasChangedQueue = true
        try change.addListener(host)
        record(.sessionStarted(try await change.entry()))
        if let track = draft.initialTrack { _ = try await queue(track, by: host, in: &change) }
        sessionNews = try change.write()
        return change
    }

    /// Puts a track behind the others; into silence it starts at once.
    mutating func queue(
        _ track: TrackRef, by user: UserID, in change: inout SessionChange
    ) async throws -> QueueItem {
        change.session.itemHead += 1
        change.hasChangedQueue = true
        var item = QueueItem(id: .new(), addedBy: user, track: track, position: change.session.itemHead)
        try transaction.executeLater(
            """
            INSERT INTO session_items (id, session_id, added_by, track, position)
            VALUES (\(item.id), \(change.session.id), \(user), \(PGJSON(track)), \(Int32(clamping: item.position)))
            """)
        if change.session.playback == nil {
            try await play(&item, in: &change)
        }
        return item
    }

    /// Ends what plays and starts the best of what waits, if anything does.
    mutating func advance(_ change: inout SessionChange, isSkip: Bool) async throws {
        if isSkip, let skipped = change.session.playback?.item {
            try transaction.executeLater("UPDATE session_items SET skipped = true WHERE id = \(skipped.id)")
        }
        change.session.playback = nil
        change.hasChangedQueue = true
        let next = try await transaction.query(
            """
            SELECT \(QueueItem.columns) FROM session_items i
            WHERE i.session_id = \(change.session.id) AND i.played_at IS NULL
            ORDER BY i.upvotes DESC, i.position LIMIT 1
            """
        ).first.map(QueueItem.init(row:))
        guard var next else { return }
        try await play(&next, in: &change)
    }

    /// Starts now, however late that is: nobody hears the time that was lost.
    private mutating func play(_ item: inout QueueItem, in change: inout SessionChange) async throws {
        item.playedAt = change.now
        try transaction.executeLater("UPDATE session_items SET played_at = \(change.now) WHERE id = \(item.id)")
        change.session.playback = Playback(item, startedAt: change.now)
        record(.trackStarted(try await change.entry()))
    }

    mutating func end(_ change: inout SessionChange) async throws {
        change.session.playback = nil
        change.session.endedAt = change.now
        room.sessionID = nil
        record(.sessionEnded(try await change.entry()))
    }

    /// Ends the live session of a room that ends.
    mutating func endSession() async throws {
        guard let id = room.sessionID else { return }
        try await withSession(id, seated: .lastSeen) { room, change in try await room.end(&change) }
    }

    /// Takes somebody out of the room's session who leaves it, or the room.
    mutating func leaveSession(_ user: UserID) async throws {
        guard let id = room.sessionID else { return }
        try await withSession(id, seated: .lastSeen) { room, change in
            try await room.leave(&change, user)
        }
    }

    mutating func leave(_ change: inout SessionChange, _ user: UserID) async throws {
        guard try await change.removeListener(user) else { return }
        change.hasChangedQueue = true
        let staying = try await change.listeners()
        guard let roles = change.roles.after(leaving: user, staying: staying.all, seated: staying.seated) else {
            return try await end(&change)
        }
        change.roles = roles
        // Of fewer listeners the same votes may be the majority.
        if try await change.isSkipCarried() { try await advance(&change, isSkip: true) }
    }
}
