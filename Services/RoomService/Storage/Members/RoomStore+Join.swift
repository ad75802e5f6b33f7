import EventBus
import Events
import Identifiers
import Postgres

/// What joining a room led to.
struct Joined: Sendable {
    var room: Room
    var member: Member
    /// False for who was a member before.
    var isNew: Bool
}

extension RoomStore {
    /// Makes the caller a member, once. Accepts their pending invitation to the room.
    ///
    /// - Parameter seatsTaken: as the seat authority says; `nil` when it cannot be asked.
    func join(_ access: RoomAccess, by caller: Caller, seatsTaken: Int?) async throws -> Joined {
        try access.check(.join)
        if let member = access.member { return Joined(room: access.room, member: member, isNew: false) }
        return try await change(access.room.id, by: caller.userID) { change in
            if let member = try await change.member(caller.userID) {
                guard change.room.isActive else { throw Refusal.roomEnded }
                return Joined(room: change.room, member: member, isNew: false)
            }
            let isBanned = try await change.ban(of: caller.userID) != nil
            let invitations = try await change.pendingInvitations(to: caller.verifiedEmail)
            let standing = Standing(
                isBanned: isBanned, isInvited: !invitations.isEmpty, cameByID: access.cameByID)
            try RoomPolicy.check(
                .join, kind: change.room.kind, type: change.room.type, isActive: change.room.isActive, by: standing)
            return try await change.admit(caller, accepting: invitations, seatsTaken: seatsTaken)
        }
    }

    /// Ends the caller's membership. An owner's leave passes ownership on; the last one's ends the room, and so does either's
    /// of a pair.
    ///
    /// - Returns: when.
    func leave(_ id: RoomID, by user: UserID) async throws -> Timestamp {
        try await change(id, by: user) { change in
            let member = try await change.requireMember(user, for: .leave)
            try await change.deleteMember(user)
            try change.keepMute(of: member)
            change.record(.memberLeft(member.view(at: change.at), reason: .left), about: user)
            try await change.leaveSession(user)
            if change.room.kind == .pair, let pair = try await change.pair() {
                try await change.endPair(pair, by: user)
                return change.at
            }
            guard member.role == .owner else { return change.at }
            if let heir = try await change.heir() {
                _ = try await change.setRole(.owner, of: heir)
            } else {
                try await change.end(.empty)
            }
            return change.at
        }
    }
}

extension RoomChange {
    /// Lets a newcomer in whose right to come was checked.
    mutating func admit(
        _ caller: Caller, accepting invitations: [Invitation], seatsTaken: Int?
    ) async throws -> Joined {
        guard (seatsTaken ?? room.participantCount) < room.maxParticipants else { throw Refusal.roomFull }
        let member = try await insertMember(caller.userID, displayName: caller.displayName)
        for invitation in invitations { try await answer(invitation, with: .accepted, by: caller.userID) }
        return Joined(room: room, member: member, isNew: true)
    }

    /// The next owner, found as ``Succession`` says, of rooms of any size.
    func heir() async throws -> Member? {
        let candidates = try await transaction.query(
            """
            (SELECT \(Member.columns) FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.room_id = \(room.id) AND m.role = 'moderator' ORDER BY m.joined_fact LIMIT 1)
            UNION ALL
            (SELECT \(Member.columns) FROM members m JOIN users u ON u.id = m.user_id
             WHERE m.room_id = \(room.id) AND m.role = 'member' ORDER BY m.joined_fact LIMIT 1)
            """
        ).map(Member.init(row:))
        return Succession.heir(of: candidates)
    }
}
