import EventBus
import Events
import Identifiers
import Postgres

/// One change of one session while its row is locked. Whoever also changes the room locks the room's row first.
struct SessionChange {
    let transaction: PGTransaction
    let room: RoomRef
    let roomType: RoomType
    let seated: Seated
    /// By the database's clock, read after the lock was had.
    let now: Timestamp
    /// When something happened last.
    let changedAt: Timestamp
    /// As it was when it was locked, with the changes so far.
    var session: ListeningSession
    private let original: ListeningSession
    /// What only ``SessionSnapshot`` shows was changed: queue, votes or listeners.
    var hasChangedQueue = false

    /// What others are to be told once it is committed; `nil` where nothing changed.
    struct News: Sendable {
        var session: SessionID
        /// When what plays now ends, where that changed.
        var isDueAnew: Bool
    }

    /// A session that was just made.
    init(transaction: PGTransaction, room: Room, seated: Seated, now: Timestamp, session: ListeningSession) {
        self.transaction = transaction
        self.room = room.ref
        roomType = room.type
        self.seated = seated
        self.now = now
        changedAt = now
        self.session = session
        original = session
    }

    /// Locks the session.
    ///
    /// Other tables are read afterwards, in the same round trip: together with the lock they would be read as they were
    /// before the wait for it.
    init(
        locking id: SessionID, in transaction: PGTransaction, room: RoomRef, type: RoomType, seated: Seated
    ) async throws {
        let answers = try await transaction.pipeline([
            "SELECT \(ListeningSession.columns) FROM sessions s WHERE s.id = \(id) FOR UPDATE",
            "SELECT clock_timestamp(), changed_at FROM sessions WHERE id = \(id)",
            """
            SELECT \(QueueItem.columns) FROM session_items i
            WHERE i.id = (SELECT item_id FROM sessions WHERE id = \(id))
            """,
        ])
        guard let row = answers[0].first, let time = answers[1].first else { throw Refusal.sessionNotFound }
        var reader = RowReader(row)
        var session = try ListeningSession(&reader)
        let times = try ListeningSession.PlaybackTimes(&reader)
        session.playback = try answers[2].first.map(QueueItem.init(row:)).flatMap(times.playback)
        self.transaction = transaction
        self.room = room
        roomType = type
        self.seated = seated
        (now, changedAt) = try time.decode((Timestamp, Timestamp).self)
        self.session = session
        original = session
    }

    var isChanged: Bool { hasChangedQueue || session != original }

    /// Writes the session's row; what belongs to other tables was written by whoever changed it.
    mutating func write() throws -> News? {
        guard isChanged else { return nil }
        session.version += 1
        let playback = session.playback
        try transaction.executeLater(
            """
            UPDATE sessions SET host_id = \(session.hostID), dj_id = \(session.djID), item_id = \(playback?.item.id),
                started_at = \(playback?.startedAt), paused_at = \(playback?.pausedAt), due_at = \(playback?.endsAt),
                item_head = \(session.itemHead), version = \(session.version), changed_at = \(now),
                ended_at = \(session.endedAt)
            WHERE id = \(session.id)
            """)
        return News(session: session.id, isDueAnew: playback?.endsAt != original.playback?.endsAt)
    }

    /// The same for every reader, without the queue: as an entry of the timeline shows it.
    func entry() async throws -> JSONValue {
        let rows = try await transaction.query(
            """
            SELECT count(*) FROM session_listeners l
            WHERE l.session_id = \(session.id) AND \(seated.condition(room: "\(room.id)"))
            """)
        return try SessionView(
            session, in: room.code, roomType: roomType, listenerCount: rows.first?.get(0) ?? 0, at: now
        ).json
    }

    /// As it is with this change, for one reader. To be called after ``write()``.
    func snapshot(for reader: UserID) async throws -> SessionSnapshot {
        let rows = try await transaction.query(
            SessionSnapshot.query("s.id = \(session.id)", for: reader, seated: seated))
        guard let snapshot = try SessionSnapshot.read(rows, for: reader).first else { throw Refusal.sessionNotFound }
        return snapshot
    }

    /// Whether somebody joined and has not left, under the lock.
    func hasJoined(_ user: UserID) async throws -> Bool {
        try await !transaction.query(
            "SELECT FROM session_listeners WHERE session_id = \(session.id) AND user_id = \(user)"
        ).isEmpty
    }

    /// - Throws: the refusal of who takes no part; ``Refusal/sessionEnded``.
    func requireListener(_ user: UserID) async throws {
        guard try await hasJoined(user) else { throw Refusal.forbidden }
        guard session.isLive else { throw Refusal.sessionEnded }
    }

    var roles: SessionRoles {
        get { SessionRoles(host: session.hostID, dj: session.djID) }
        set { (session.hostID, session.djID) = (newValue.host, newValue.dj) }
    }
}
