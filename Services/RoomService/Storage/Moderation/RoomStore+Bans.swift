import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// Bans any known user from a room; a member is one no longer.
    ///
    /// - Returns: the ban, and whether there was none before.
    func ban(
        _ user: UserID, from id: RoomID, reason: String?, until: Timestamp?, by actor: UserID
    ) async throws -> (ban: RoomBan, isNew: Bool) {
        try await change(id, by: actor) { change in
            let acting = try await change.requireMember(actor, for: .moderate)
            guard let known = try await Accounts.find(user, in: change.transaction) else { throw Refusal.userNotFound }
            let target = try await change.member(user)
            try RoomPolicy.checkRank(
                actor: acting.role, target: user == actor ? acting.role : target?.role ?? .member)
            let isNew = try await change.ban(of: user) == nil
            let ban = RoomBan(userID: user, reason: reason, until: until, bannedBy: actor, createdAt: change.at)
            try await change.insert(ban)
            try change.forgetMute(of: user)
            if target != nil { try await change.deleteMember(user) }
            let shown =
                target
                ?? Member(
                    userID: user, displayName: known.displayName, role: .member, isMuted: false, mutedUntil: nil,
                    joinedAt: change.at, joinedFact: 0)
            change.record(.memberBanned(shown.view(at: change.at), reason: reason, until: until), about: user)
            if target != nil { try await change.leaveSession(user) }
            change.note(.memberBanned, target: user, reason: reason)
            return (ban, isNew)
        }
    }

    /// - Throws: ``Refusal/nothingThere`` for who is not banned.
    func unban(_ user: UserID, from id: RoomID, by actor: UserID) async throws {
        try await change(id, by: actor) { change in
            let acting = try await change.member(actor)
            try RoomPolicy.check(
                .moderate, kind: change.room.kind, type: change.room.type, isActive: true,
                by: Standing(role: acting?.role))
            let removed = try await change.transaction.execute(
                """
                DELETE FROM room_bans WHERE room_id = \(id) AND user_id = \(user)
                    AND (until IS NULL OR until > \(change.at))
                """)
            guard removed > 0 else { throw Refusal.nothingThere }
            guard change.room.isActive else { throw Refusal.roomEnded }
            change.note(.memberUnbanned, target: user)
        }
    }

    /// The place of a ban in the list.
    struct BanPosition: Codable, Sendable {
        var at: Timestamp
        var user: UserID
    }

    /// Those in force, newest first.
    func bans(of room: RoomID, after position: BanPosition?, limit: Int) async throws -> [RoomBan] {
        let rest: PGQuery =
            if let position {
                "AND (b.created_at, b.user_id) < (\(position.at), \(position.user))"
            } else {
                ""
            }
        return try await pool.query(
            """
            SELECT \(RoomBan.columns) FROM room_bans b
            WHERE b.room_id = \(room) AND (b.until IS NULL OR b.until > \(clock.now())) \(rest)
            ORDER BY b.created_at DESC, b.user_id DESC LIMIT \(limit)
            """
        ).map(RoomBan.init(row:))
    }
}

extension RoomChange {
    func insert(_ ban: RoomBan) async throws {
        try transaction.executeLater(
            """
            INSERT INTO room_bans (room_id, user_id, reason, until, banned_by, created_at)
            VALUES (\(room.id), \(ban.userID), \(ban.reason), \(ban.until), \(ban.bannedBy), \(ban.createdAt))
            ON CONFLICT (room_id, user_id) DO UPDATE SET reason = excluded.reason, until = excluded.until,
                banned_by = excluded.banned_by, created_at = excluded.created_at
            """)
    }
}
