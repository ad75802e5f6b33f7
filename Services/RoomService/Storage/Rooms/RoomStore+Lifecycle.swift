import EventBus
import Events
import Identifiers
import Postgres

/// A room that may have to end.
struct ExpiringRoom: Sendable {
    enum Kind: Sendable, CaseIterable {
        /// Meetings and pairs too long after their last activity.
        case timedOut
        /// Pairs with nobody in their room.
        case abandoned
    }

    var id: RoomID
    var code: RoomCode
    var lastActivityAt: Timestamp
}

extension RoomStore {
    /// Rooms without anybody in them whose last activity is too long ago, longest first.
    func expiring(
        _ kind: ExpiringRoom.Kind, at now: Timestamp, after position: ExpiringRoom?, limit: Int
    ) async throws -> [ExpiringRoom] {
        let kinds: PGQuery, latest: Timestamp
        switch kind {
        case .timedOut: (kinds, latest) = ("r.kind IN ('meeting', 'pair')", now - lifetime.timeout)
        case .abandoned: (kinds, latest) = ("r.kind = 'pair'", now - PairingRules.abandonedAfter)
        }
        let rest: PGQuery =
            if let position {
                "AND (r.last_activity_at, r.id) > (\(position.lastActivityAt), \(position.id))"
            } else {
                ""
            }
        return try await pool.query(
            """
            SELECT r.id, r.code, r.last_activity_at FROM rooms r
            WHERE r.is_active AND \(kinds) AND r.participant_count = 0 AND r.last_activity_at <= \(latest) \(rest)
            ORDER BY r.last_activity_at, r.id LIMIT \(limit)
            """
        ).map { row in
            let (id, code, time) = try row.decode((RoomID, RoomCode, Timestamp).self)
            return ExpiringRoom(id: id, code: code, lastActivityAt: time)
        }
    }

    /// - Returns: how many were marked.
    func expireInvitations(at now: Timestamp, limit: Int) async throws -> Int {
        try await pool.execute(
            """
            UPDATE invitations SET status = 'expired' WHERE id IN (
                SELECT id FROM invitations WHERE status = 'pending' AND expires_at <= \(now)
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    /// Bans of rooms and of accounts, and mutes of former members, whose time is up.
    func deleteEndedBans(at now: Timestamp, limit: Int) async throws -> Int {
        let ofRooms = try await pool.execute(
            """
            DELETE FROM room_bans WHERE (room_id, user_id) IN (
                SELECT room_id, user_id FROM room_bans WHERE until <= \(now) LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
        let ofAccounts = try await pool.execute(
            """
            UPDATE users SET banned_at = NULL, banned_until = NULL, banned_by = NULL, ban_reason = NULL
            WHERE id IN (
                SELECT id FROM users WHERE banned_at IS NOT NULL AND banned_until <= \(now)
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
        let mutes = try await pool.execute(
            """
            DELETE FROM kept_mutes WHERE (room_id, user_id) IN (
                SELECT room_id, user_id FROM kept_mutes WHERE until <= \(now) LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
        return ofRooms + ofAccounts + mutes
    }

    /// Pairs that may meet again by now.
    func deleteEndedPauses(at now: Timestamp, limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM pairing_pauses WHERE (lower_user, higher_user) IN (
                SELECT lower_user, higher_user FROM pairing_pauses WHERE until <= \(now)
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    /// Removes rooms that were deleted before `time`, with all that belongs to them here, and notes that others have to.
    func purgeDeleted(before time: Timestamp, limit: Int) async throws -> Int {
        try await pool.transaction { transaction in
            // The audit log lets itself be deleted in no other transaction.
            try await transaction.execute("SELECT set_config('parlor.purging', 'on', true)")
            return try await transaction.execute(
                """
                WITH gone AS (
                    DELETE FROM rooms WHERE id IN (
                        SELECT id FROM rooms WHERE end_reason = 'deleted' AND ended_at <= \(time)
                        LIMIT \(limit) FOR UPDATE SKIP LOCKED)
                    RETURNING id)
                INSERT INTO purges (room_id) SELECT id FROM gone
                """)
        }
    }

    /// Has purged rooms forgotten elsewhere too. They are gone here already, so that nobody there can ask for them anew.
    ///
    /// - Parameter forget: may be called for a room again after a crash.
    /// - Returns: how many there were.
    func tellPurges(limit: Int, forget: (RoomID) async throws -> Void) async throws -> Int {
        let rooms = try await pool.query("SELECT room_id FROM purges ORDER BY room_id LIMIT \(limit)")
            .map { try $0.get(0, as: RoomID.self) }
        for room in rooms {
            try await forget(room)
            try await pool.execute("DELETE FROM purges WHERE room_id = \(room)")
        }
        return rooms.count
    }

    func rooms(_ ids: [RoomID]) async throws -> [Room] {
        try await pool.query("SELECT \(Room.columns) FROM rooms r WHERE r.id = ANY(\(ids))").map(Room.init(row:))
    }

    /// Rooms whose version changed, oldest change first.
    func roomsChanged(since time: Timestamp, after position: ActivityPosition?, limit: Int) async throws -> [Room] {
        let rest: PGQuery =
            if let position { "AND (r.updated_at, r.id) > (\(position.at), \(position.id))" } else { "" }
        return try await pool.query(
            """
            SELECT \(Room.columns) FROM rooms r WHERE r.updated_at >= \(time) \(rest)
            ORDER BY r.updated_at, r.id LIMIT \(limit)
            """
        ).map(Room.init(row:))
    }

    func activeCount() async throws -> Int {
        try await pool.query("SELECT count(*) FROM rooms WHERE is_active").first?.get(0) ?? 0
    }
}
