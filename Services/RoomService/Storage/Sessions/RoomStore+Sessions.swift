import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// A session and all that decides what `user` may do in it, in one round trip.
    ///
    /// - Throws: ``Refusal/sessionNotFound``.
    func access(_ id: SessionID, user: UserID, verifiedEmail: String? = nil) async throws -> SessionAccess {
        async let room = access(ofSession: id, user: user, verifiedEmail: verifiedEmail)
        let rows = try await pool.read(
            """
            SELECT \(ListeningSession.columns), EXISTS (
                SELECT FROM session_listeners l WHERE l.session_id = s.id AND l.user_id = \(user))
            FROM sessions s WHERE s.id = \(id)
            """)
        guard let row = rows.first else { throw Refusal.sessionNotFound }
        var reader = RowReader(row)
        let session = try ListeningSession(&reader)
        _ = try ListeningSession.PlaybackTimes(&reader)
        return SessionAccess(session: session, room: try await room, hasJoined: try reader.next())
    }

    private func access(ofSession id: SessionID, user: UserID, verifiedEmail: String?) async throws -> RoomAccess {
        do {
            return try await access(
                where: "r.id = (SELECT room_id FROM sessions WHERE id = \(id))", cameByID: true, user: user,
                verifiedEmail: verifiedEmail)
        } catch Refusal.roomNotFound {
            throw Refusal.sessionNotFound
        }
    }

    func snapshot(of id: SessionID, for reader: UserID?, seated: Seated) async throws -> SessionSnapshot {
        let rows = try await pool.read(SessionSnapshot.query("s.id = \(id)", for: reader, seated: seated))
        guard let snapshot = try SessionSnapshot.read(rows, for: reader).first else { throw Refusal.sessionNotFound }
        return snapshot
    }

    /// The live sessions of rooms, the same for every reader.
    func liveSessions(in rooms: [RoomID]) async throws -> [SessionSnapshot] {
        try SessionSnapshot.read(
            try await pool.read(
                SessionSnapshot.query(
                    "s.room_id = ANY(\(rooms)) AND s.ended_at IS NULL", for: nil, seated: .lastSeen)),
            for: nil)
    }

    /// Begins a session in a room.
    func begin(
        _ draft: SessionDraft, in room: RoomID, by caller: Caller, seated: Seated,
        beforeCommit: (SessionSnapshot, PGTransaction) async throws -> Void
    ) async throws -> SessionSnapshot {
        try await change(room, by: caller.userID, beforeCommit: beforeCommit) { change in
            _ = try await change.requireMember(caller.userID, for: .listen)
            let session = try await change.begin(draft, by: caller.userID, seated: seated)
            return try await session.snapshot(for: caller.userID)
        }
    }

    /// Makes a listening room and begins a session in it: both are there afterwards, or neither.
    func begin(
        _ draft: SessionDraft, inNew room: RoomDraft, by caller: Caller,
        beforeCommit: (SessionSnapshot, PGTransaction) async throws -> Void
    ) async throws -> SessionSnapshot {
        let now = clock.now()
        let (snapshot, made, news) = try await outbox.transaction { transaction, sink in
            let room = try await insert(
                room, owner: caller.userID, displayName: caller.displayName, in: transaction, events: sink)
            var change = RoomChange(
                transaction: transaction, views: views, actor: caller.userID, now: now, room: room)
            let session = try await change.begin(draft, by: caller.userID, seated: .known([]))
            let snapshot = try await session.snapshot(for: caller.userID)
            try await change.write(to: sink)
            try await beforeCommit(snapshot, transaction)
            return (snapshot, change.room, change.sessionNews)
        }
        await committed(made, insteadOf: nil, news)
        return snapshot
    }

    /// Changes a session and, where that makes facts, its room: locks both, runs `body`, commits.
    ///
    /// - Returns: what `body` does, and the session as it is then.
    func changeSession<T: Sendable>(
        _ access: SessionAccess, by user: UserID, seated: Seated,
        _ body: (inout RoomChange, inout SessionChange) async throws -> T
    ) async throws -> (T, SessionSnapshot) {
        try await change(access.session.roomID, by: user) { change in
            let (result, session) = try await change.withSession(access.session.id, seated: seated) { room, session in
                (try await body(&room, &session), session)
            }
            return (result, try await session.snapshot(for: user))
        }
    }

    /// The same without the room's lock, for what makes no facts: votes do not wait for who comes and goes.
    func changeSessionOnly<T: Sendable>(
        _ access: SessionAccess, seated: Seated, _ body: (inout SessionChange) async throws -> T
    ) async throws -> T {
        let (result, news) = try await pool.transaction { transaction in
            var change = try await SessionChange(
                locking: access.session.id, in: transaction, room: access.room.room.ref, type: access.room.room.type,
                seated: seated)
            let result = try await body(&change)
            return (result, try change.write())
        }
        if let news { sessionNews.tell(news) }
        return result
    }
}
