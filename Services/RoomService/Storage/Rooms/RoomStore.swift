import EventBus
import Events
import Identifiers
import Logging
import Postgres
import ServiceSupport

/// The durable truth about rooms. Every change of a room is one transaction that locks the room's row first.
struct RoomStore: Sendable {
    let pool: PGPool
    let outbox: Outbox
    let cache: RoomCache
    let clock: TimeSource
    let lifetime: RoomLifetime
    let searchLimits: DiscoveryStrategy.Limits
    let sessionNews: SessionNews
    let logger: Logger

    var views: RoomViews { RoomViews(lifetime: lifetime) }

    /// What decides about `user` in a room, in one round trip.
    ///
    /// A room whose time is up has ended at that moment: it is ended here when nobody else did.
    /// - Throws: ``Refusal/roomNotFound``.
    func access(_ reference: RoomReference, user: UserID, verifiedEmail: String? = nil) async throws -> RoomAccess {
        let cameByID = if case .id = reference { true } else { false }
        return try await access(
            where: Self.matches(reference), cameByID: cameByID, user: user, verifiedEmail: verifiedEmail)
    }

    /// The same of a room that is found in another way.
    ///
    /// - Parameter matching: of a `rooms` row called `r`.
    func access(
        where matching: PGQuery, cameByID: Bool, user: UserID, verifiedEmail: String?
    ) async throws -> RoomAccess {
        let access = try await readAccess(matching, cameByID: cameByID, user: user, verifiedEmail: verifiedEmail)
        guard lifetime.hasExpired(access.room, at: clock.now()) else { return access }
        try await endExpired(access.room.id)
        return try await readAccess(matching, cameByID: cameByID, user: user, verifiedEmail: verifiedEmail)
    }

    /// A room by either of its names.
    func room(_ reference: RoomReference) async throws -> Room {
        let rows = try await pool.read("SELECT \(Room.columns) FROM rooms r WHERE \(Self.matches(reference))")
        guard let row = rows.first else { throw Refusal.roomNotFound }
        return try Room(row: row)
    }

    private func readAccess(
        _ matching: PGQuery, cameByID: Bool, user: UserID, verifiedEmail: String?
    ) async throws -> RoomAccess {
        let now = clock.now()
        let rows = try await pool.read(
            """
            SELECT \(Room.columns), m.user_id IS NOT NULL, b.user_id IS NOT NULL, EXISTS (
                SELECT FROM invitations i WHERE i.room_id = r.id AND i.email_key = \(verifiedEmail)
                AND i.status = 'pending' AND i.expires_at > \(now)), \(Member.columns), \(RoomBan.columns)
            FROM rooms r
            LEFT JOIN (members m JOIN users u ON u.id = m.user_id) ON m.room_id = r.id AND m.user_id = \(user)
            LEFT JOIN room_bans b ON b.room_id = r.id AND b.user_id = \(user) AND (b.until IS NULL OR b.until > \(now))
            WHERE \(matching)
            """)
        guard let row = rows.first else { throw Refusal.roomNotFound }
        var reader = RowReader(row)
        let room = try Room(&reader)
        RequestScope.current?.note(roomID: room.code.description)
        let (isMember, isBanned, isInvited) = (
            try reader.next(Bool.self), try reader.next(Bool.self), try reader.next(Bool.self)
        )
        let member = try Member.optional(&reader, isPresent: isMember)
        let ban = isBanned ? try RoomBan(&reader) : nil
        return RoomAccess(room: room, member: member, ban: ban, isInvited: isInvited, cameByID: cameByID)
    }

    static func matches(_ reference: RoomReference) -> PGQuery {
        switch reference {
        case .code(let code): "r.code = \(code)"
        case .id(let id): "r.id = \(id)"
        }
    }
}
