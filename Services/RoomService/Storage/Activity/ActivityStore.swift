import EventBus
import Identifiers
import Postgres

/// Writes what is learned about rooms from elsewhere: activity, messages, presence. None of it is a change of the room.
struct ActivityStore: Sendable {
    let pool: PGPool
    let seats: Seats

    func apply(_ batch: ActivityBatch) async throws {
        if !batch.messages.isEmpty { try await apply(batch.messages) }
        if !batch.presence.isEmpty { try await apply(batch.presence) }
    }

    private func apply(_ messages: [RoomCode: ActivityBatch.Messages]) async throws {
        let sorted = messages.sorted { $0.key.description < $1.key.description }
        // Another instance may write the same rooms in another order.
        try await pool.transaction(retries: 3) { transaction in
            try await transaction.execute(
                """
                UPDATE rooms r SET message_count = r.message_count + n.count,
                    last_activity_at = GREATEST(r.last_activity_at, n.latest)
                FROM unnest(\(sorted.map(\.key)), \(sorted.map(\.value.count)), \(sorted.map(\.value.latest)))
                    AS n (code, count, latest)
                WHERE r.code = n.code
                """)
        }
    }

    /// The seats themselves are asked how many are taken; the events stand in while those cannot answer.
    private func apply(_ presence: [RoomCode: ActivityBatch.Presence]) async throws {
        let codes = presence.keys.sorted { $0.description < $1.description }
        let counts = await seats.counts(codes)
        try await pool.transaction(retries: 3) { transaction in
            let rows = try await transaction.query(
                """
                UPDATE rooms r SET participant_count = n.count,
                    peak_participants = GREATEST(r.peak_participants, n.count),
                    last_activity_at = GREATEST(r.last_activity_at, n.latest)
                FROM unnest(\(codes), \(codes.map { Int32(clamping: counts?[$0] ?? presence[$0]?.participantCount ?? 0) }),
                    \(codes.compactMap { presence[$0]?.latest })) AS n (code, count, latest)
                WHERE r.code = n.code RETURNING r.code, r.id, r.session_id
                """)
            var came: [(RoomID, UserID)] = []
            var went: [(RoomID, UserID)] = []
            var movedInSession: [(SessionID, UserID)] = []
            for row in rows {
                let (code, id, session) = try row.decode((RoomCode, RoomID, SessionID?).self)
                for (user, isHere) in presence[code]?.users ?? [:] {
                    if let session { movedInSession.append((session, user)) }
                    if isHere { came.append((id, user)) } else { went.append((id, user)) }
                }
            }
            try transaction.executeLater(
                """
                INSERT INTO presence (room_id, user_id) SELECT * FROM unnest(\(came.map(\.0)), \(came.map(\.1)))
                ON CONFLICT DO NOTHING
                """)
            try transaction.executeLater(
                """
                DELETE FROM presence p USING unnest(\(went.map(\.0)), \(went.map(\.1))) AS g (room_id, user_id)
                WHERE p.room_id = g.room_id AND p.user_id = g.user_id
                """)
            if !movedInSession.isEmpty { try noteListeners(movedInSession, in: transaction) }
        }
    }

    /// Sessions have other listeners when those who joined them come or go. They are told of at the next look, however
    /// many come and go until then.
    private func noteListeners(_ moved: [(SessionID, UserID)], in transaction: PGTransaction) throws {
        try transaction.executeLater(
            """
            UPDATE sessions s SET version = s.version + 1,
                changed_at = CASE WHEN s.told_version < s.version THEN s.changed_at ELSE clock_timestamp() END
            WHERE s.ended_at IS NULL AND s.id IN (
                SELECT l.session_id FROM session_listeners l
                JOIN unnest(\(moved.map(\.0)), \(moved.map(\.1))) AS m (session_id, user_id)
                    ON m.session_id = l.session_id AND m.user_id = l.user_id)
            """)
    }

    /// Sets right what the seats say of rooms, a page at a time in the order of ids.
    ///
    /// - Returns: the last room looked at; `nil` when there was none.
    /// - Throws: ``SeatsUnknown`` when the seats cannot be read.
    func reconcile(after position: RoomID?, limit: Int, now: Timestamp) async throws -> RoomID? {
        let rest: PGQuery = if let position { "AND r.id > \(position)" } else { "" }
        let rooms = try await pool.query(
            """
            SELECT r.id, r.code FROM rooms r WHERE r.participant_count > 0 \(rest) ORDER BY r.id LIMIT \(limit)
            """
        ).map { try $0.decode((RoomID, RoomCode).self) }
        guard let last = rooms.last else { return nil }
        guard let counts = await seats.counts(rooms.map(\.1)) else { throw SeatsUnknown() }
        try await pool.execute(
            """
            UPDATE rooms r SET participant_count = n.count,
                last_activity_at = CASE WHEN n.count > 0 THEN GREATEST(r.last_activity_at, \(now))
                    ELSE r.last_activity_at END
            FROM unnest(\(rooms.map(\.0)), \(rooms.map { Int32(clamping: counts[$0.1] ?? 0) })) AS n (id, count)
            WHERE r.id = n.id
            """)
        let empty = rooms.filter { counts[$0.1] == 0 }.map(\.0)
        try await pool.execute("DELETE FROM presence WHERE room_id = ANY(\(empty))")
        return last.0
    }
}

extension ActivityStore {
    /// Notes life in a room that its events did not tell.
    func touch(_ room: RoomID, at time: Timestamp, participantCount: Int) async throws {
        try await pool.execute(
            """
            UPDATE rooms SET last_activity_at = GREATEST(last_activity_at, \(time)),
                participant_count = \(Int32(clamping: participantCount)),
                peak_participants = GREATEST(peak_participants, \(Int32(clamping: participantCount)))
            WHERE id = \(room)
            """)
    }

    /// Looks through all seats for rooms that are taken for empty.
    func findSeats(now: Timestamp) async throws {
        for try await codes in seats.roomsWithSeats() {
            guard let counts = await seats.counts(codes) else { throw SeatsUnknown() }
            let taken = codes.filter { (counts[$0] ?? 0) > 0 }
            guard !taken.isEmpty else { continue }
            try await pool.execute(
                """
                UPDATE rooms r SET participant_count = n.count,
                    peak_participants = GREATEST(r.peak_participants, n.count),
                    last_activity_at = GREATEST(r.last_activity_at, \(now))
                FROM unnest(\(taken), \(taken.map { Int32(clamping: counts[$0] ?? 0) })) AS n (code, count)
                WHERE r.code = n.code AND r.participant_count <> n.count
                """)
        }
    }
}

/// Nobody can say who holds a seat.
struct SeatsUnknown: Error {}
