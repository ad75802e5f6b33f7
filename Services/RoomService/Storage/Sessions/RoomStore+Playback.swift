import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// Ends what plays: at once by who may, by vote of the listeners otherwise.
    ///
    /// - Parameter expected: what the caller believes to play; it makes one skip of many.
    func skip(
        _ expected: QueueItemID?, in access: SessionAccess, by user: UserID, seated: Seated
    ) async throws -> SessionSnapshot {
        try await changeSession(access, by: user, seated: seated) { room, change in
            let role = try await room.member(user)?.role
            let isAtOnce = change.roles.host == user || change.roles.dj == user || (role ?? .member) >= .moderator
            guard try await change.hasJoined(user) || isAtOnce else { throw Refusal.forbidden }
            guard change.session.isLive else { throw Refusal.sessionEnded }
            guard let playing = change.session.playback?.item.id else { throw Refusal.conflict("nothing plays") }
            guard expected == nil || expected == playing else { throw Refusal.conflict("another track plays") }
            if !isAtOnce {
                try change.voteToSkip(playing, by: user)
                guard try await change.isSkipCarried() else { return }
            }
            try await room.advance(&change, isSkip: true)
        }.1
    }

    /// Pauses, or goes on; once is as good as twice.
    func setPaused(
        _ isPaused: Bool, in access: SessionAccess, by user: UserID, seated: Seated
    ) async throws -> SessionSnapshot {
        try await changeSession(access, by: user, seated: seated) { room, change in
            try await change.requireListener(user)
            guard [change.roles.host, change.roles.dj].contains(user) else { throw Refusal.forbidden }
            guard change.session.playback != nil else { throw Refusal.conflict("nothing plays") }
            if isPaused {
                _ = change.session.playback?.pause(at: change.now)
            } else {
                _ = change.session.playback?.resume(at: change.now)
            }
        }.1
    }

    // MARK: - The clock

    /// A session whose track is over.
    struct DueSession: Sendable {
        var id: SessionID
        var room: RoomRef
    }

    /// Sessions whose track is over, and how long until the next one's is. By the database's clock.
    func dueSessions(limit: Int) async throws -> (due: [DueSession], next: Duration?) {
        let answers = try await pool.pipeline([
            """
            SELECT s.id, r.id, r.code FROM sessions s JOIN rooms r ON r.id = s.room_id
            WHERE s.due_at <= clock_timestamp() ORDER BY s.due_at LIMIT \(limit)
            """,
            """
            SELECT (extract(epoch FROM min(due_at) - clock_timestamp()) * 1000)::float8 FROM sessions
            WHERE due_at > clock_timestamp()
            """,
        ])
        let due = try answers[0].map { row in
            let (id, room, code) = try row.decode((SessionID, RoomID, RoomCode).self)
            return DueSession(id: id, room: RoomRef(id: room, code: code))
        }
        let next = try answers[1].first?.get(0, as: Double?.self)
        return (due, next.map { .milliseconds(max(0, $0)) })
    }

    /// Starts the next track where one is over. Whoever comes second finds nothing to do; a room that is busy is left for
    /// the next look.
    ///
    /// - Returns: whether this call did it.
    @discardableResult
    func advanceIfDue(_ due: DueSession, seated: Seated) async throws -> Bool {
        do {
            return try await change(due.room.id, by: nil, isPatient: false) { change in
                try await change.withSession(due.id, seated: seated) { room, session in
                    guard session.session.isLive, session.session.playback?.hasEnded(at: session.now) == true else {
                        return false
                    }
                    try await room.advance(&session, isSkip: false)
                    return true
                }
            }
        } catch Refusal.roomNotFound, Refusal.sessionNotFound {
            return false
        }
    }

    // MARK: - Abandoned sessions

    /// Live sessions in empty rooms that have not changed for as long as an unused room lives, longest first.
    func abandonedSessions(at now: Timestamp, limit: Int) async throws -> [DueSession] {
        try await pool.query(
            """
            SELECT s.id, r.id, r.code FROM sessions s JOIN rooms r ON r.id = s.room_id
            WHERE s.ended_at IS NULL AND s.changed_at <= \(now - lifetime.timeout) AND r.participant_count = 0
            ORDER BY s.changed_at LIMIT \(limit)
            """
        ).map { row in
            let (id, room, code) = try row.decode((SessionID, RoomID, RoomCode).self)
            return DueSession(id: id, room: RoomRef(id: room, code: code))
        }
    }

    /// Ends one, unless somebody came or did something meanwhile.
    func endAbandoned(_ session: DueSession, at now: Timestamp) async throws {
        try await change(session.room.id, by: nil) { change in
            guard change.room.sessionID == session.id, change.room.participantCount == 0 else { return }
            try await change.withSession(session.id, seated: .lastSeen) { room, change in
                guard change.changedAt <= now - lifetime.timeout else { return }
                try await room.end(&change)
            }
        }
    }
}
