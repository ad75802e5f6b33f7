import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

extension RoomStore {
    /// Changes one room in one transaction: locks its row, runs `body`, writes facts, audit and events, commits.
    ///
    /// Returns right after the commit and the bounded attempt to write the room's Redis object through.
    /// - Parameters:
    ///   - actor: `nil` for the system.
    ///   - isPatient: whether to wait for who changes the room at the moment; a room that is busy counts as none otherwise.
    ///   - beforeCommit: the last part of the transaction, with what `body` led to.
    /// - Throws: ``Refusal/roomNotFound``, and what `body` throws; then nothing has happened.
    func change<T: Sendable>(
        _ id: RoomID, by actor: UserID?, isPatient: Bool = true,
        beforeCommit: (T, PGTransaction) async throws -> Void = { _, _ in },
        _ body: (inout RoomChange) async throws -> T
    ) async throws -> T {
        let now = clock.now()
        let (result, before, after, news) = try await outbox.transaction { transaction, sink in
            // Joined tables would be read as they were before the wait for the lock; they are read afterwards.
            let rows = try await transaction.query(
                """
                SELECT \(Room.columns) FROM rooms r WHERE r.id = \(id)
                FOR UPDATE \(unescaped: isPatient ? "" : "SKIP LOCKED")
                """)
            guard let row = rows.first else { throw Refusal.roomNotFound }
            let room = try Room(row: row)
            RequestScope.current?.note(roomID: room.code.description)
            var change = RoomChange(transaction: transaction, views: views, actor: actor, now: now, room: room)
            let result = try await body(&change)
            try await change.write(to: sink)
            try await beforeCommit(result, transaction)
            return (result, change.original, change.room, change.sessionNews)
        }
        await committed(after, insteadOf: before, news)
        return result
    }

    /// What follows a commit, and can be lost without harm.
    func committed(_ room: Room, insteadOf before: Room?, _ news: SessionChange.News? = nil) async {
        RoomMetrics.committed(room, insteadOf: before)
        if let news { sessionNews.tell(news) }
        guard let before else { return await cache.writeNew(room) }
        if room.version != before.version || room.factHead != before.factHead { await cache.changed(room) }
    }
}

extension RoomChange {
    /// Somebody's place in the room as it is now, under the lock.
    func member(_ user: UserID) async throws -> Member? {
        try await transaction.query(
            """
            SELECT \(Member.columns) FROM members m JOIN users u ON u.id = m.user_id
            WHERE m.room_id = \(room.id) AND m.user_id = \(user)
            """
        ).first.map(Member.init(row:))
    }

    func ban(of user: UserID) async throws -> RoomBan? {
        try await transaction.query(
            """
            SELECT \(RoomBan.columns) FROM room_bans b WHERE b.room_id = \(room.id) AND b.user_id = \(user)
                AND (b.until IS NULL OR b.until > \(at))
            """
        ).first.map(RoomBan.init(row:))
    }

    /// The asker's place, checked against the access table.
    func requireMember(_ user: UserID, for action: RoomAction) async throws -> Member {
        let member = try await member(user)
        try RoomPolicy.check(
            action, kind: room.kind, type: room.type, isActive: room.isActive, by: Standing(role: member?.role))
        guard let member else { throw Refusal.notAMember }
        return member
    }

    /// Makes somebody a member and tells so.
    ///
    /// - Parameter isPardoned: whether a mute of an earlier membership is forgotten.
    mutating func insertMember(
        _ user: UserID, displayName: String, isPardoned: Bool = false
    ) async throws -> Member {
        var member = Member(
            userID: user, displayName: displayName, role: .member, isMuted: false, mutedUntil: nil, joinedAt: at,
            joinedFact: room.factHead + 1)
        if isPardoned { try forgetMute(of: user) } else { try await restoreMute(of: &member) }
        try transaction.executeLater(
            """
            INSERT INTO members (room_id, user_id, role, is_muted, muted_until, joined_at, joined_fact)
            VALUES (\(room.id), \(user), \(member.role), \(member.isMuted), \(member.mutedUntil), \(at),
                \(member.joinedFact))
            """)
        room.memberCount += 1
        touch()
        record(.memberJoined(member.view(at: at)), about: user)
        return member
    }

    mutating func deleteMember(_ user: UserID) async throws {
        try transaction.executeLater("DELETE FROM members WHERE room_id = \(room.id) AND user_id = \(user)")
        room.memberCount -= 1
        touch()
    }

    /// Gives a role and tells so. Nobody could unmute an owner, so who becomes one is not muted any more.
    mutating func setRole(_ role: MemberRole, of member: Member) async throws -> Member {
        var member = member
        member.role = role
        if role == .owner { (member.isMuted, member.mutedUntil) = (false, nil) }
        try transaction.executeLater(
            """
            UPDATE members SET role = \(role), is_muted = \(member.isMuted), muted_until = \(member.mutedUntil)
            WHERE room_id = \(room.id) AND user_id = \(member.userID)
            """)
        if role == .owner {
            room.ownerID = member.userID
            advanceVersion()
        }
        record(.memberUpdated(member.view(at: at)), about: member.userID)
        return member
    }
}
