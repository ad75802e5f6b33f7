import EventBus
import Events
import Identifiers
import Postgres

/// An update of a membership, after its fields were read.
struct MemberChanges: Sendable, Equatable {
    var role: MemberRole?
    var isMuted: Bool?
    var mutedUntil: FieldChange<Timestamp> = .keep

    var touchesMute: Bool { isMuted != nil || mutedUntil != .keep }

    /// Faults that do not depend on the member.
    func check(now: Timestamp) throws(Refusal) {
        var faults = Faults()
        if case .set(let until) = mutedUntil {
            if until <= now { faults.add("mutedUntil", "must lie in the future") }
            if isMuted == false { faults.add("mutedUntil", "contradicts isMuted") }
        }
        if role == .owner, touchesMute {
            faults.add(isMuted == nil ? "mutedUntil" : "isMuted", "cannot be changed together with a hand-over")
        }
        try faults.check()
    }

    /// The mute after this update: an end given alone mutes.
    func mute(after member: MemberView) -> (isMuted: Bool, until: Timestamp?) {
        let isMuted =
            if let isMuted { isMuted } else if case .set = mutedUntil { true } else { member.isMuted }
        guard isMuted else { return (false, nil) }
        switch mutedUntil {
        case .keep: return (true, member.isMuted ? member.mutedUntil : nil)
        case .clear: return (true, nil)
        case .set(let until): return (true, until)
        }
    }
}

extension RoomStore {
    /// Longest-standing first, after the one who joined with fact `position`.
    func members(of room: RoomID, after position: Int64?, limit: Int) async throws -> [Member] {
        try await pool.query(
            """
            SELECT \(Member.columns) FROM members m JOIN users u ON u.id = m.user_id
            WHERE m.room_id = \(room) AND m.joined_fact > \(position ?? 0) ORDER BY m.joined_fact LIMIT \(limit)
            """
        ).map(Member.init(row:))
    }

    func member(_ user: UserID, of room: RoomID) async throws -> Member? {
        try await pool.read(
            """
            SELECT \(Member.columns) FROM members m JOIN users u ON u.id = m.user_id
            WHERE m.room_id = \(room) AND m.user_id = \(user)
            """
        ).first.map(Member.init(row:))
    }

    /// A moderator makes a known user a member, who may speak whatever was before.
    ///
    /// - Throws: ``Refusal/userNotFound``; ``Refusal/conflict(_:)`` for who is banned from the room.
    func addMember(_ user: UserID, to id: RoomID, by actor: UserID) async throws -> Joined {
        try await change(id, by: actor) { change in
            _ = try await change.requireMember(actor, for: .moderate)
            guard let known = try await Accounts.find(user, in: change.transaction) else { throw Refusal.userNotFound }
            if let member = try await change.member(user) {
                return Joined(room: change.room, member: member, isNew: false)
            }
            guard try await change.ban(of: user) == nil else {
                throw Refusal.conflict("the user is banned from the room")
            }
            let member = try await change.insertMember(user, displayName: known.displayName, isPardoned: true)
            for invitation in try await change.pendingInvitations(to: known.verifiedEmail) {
                try await change.answer(invitation, with: .accepted, by: user)
            }
            change.note(.memberAdded, target: user)
            return Joined(room: change.room, member: member, isNew: true)
        }
    }

    /// Gives a role, mutes or unmutes.
    func updateMember(
        _ user: UserID, in id: RoomID, _ changes: MemberChanges, by actor: UserID
    ) async throws -> MemberView {
        try await change(id, by: actor) { change in
            let (acting, target) = try await change.moderated(user, by: actor)
            if changes.role != nil {
                try RoomPolicy.check(
                    .giveRoles, kind: change.room.kind, type: change.room.type, isActive: change.room.isActive,
                    by: Standing(role: acting.role))
            }
            try changes.check(now: change.at)
            var member = target
            if changes.touchesMute { member = try await change.setMute(changes, of: member) }
            if let role = changes.role, role != member.role {
                member = try await change.giveRole(role, to: member, from: acting)
            }
            return member.view(at: change.at)
        }
    }

    /// A moderator puts a member out; they may come back where the room is open, muted if they were.
    func removeMember(_ user: UserID, from id: RoomID, by actor: UserID) async throws {
        try await change(id, by: actor) { change in
            let (_, target) = try await change.moderated(user, by: actor)
            try await change.deleteMember(user)
            try change.keepMute(of: target)
            change.record(.memberLeft(target.view(at: change.at), reason: .removed), about: user)
            try await change.leaveSession(user)
            change.note(.memberRemoved, target: user)
        }
    }
}

extension RoomChange {
    /// Who acts and on whom: the right, then the member, then the ranks, then the room's end.
    func moderated(_ user: UserID, by actor: UserID) async throws -> (actor: Member, target: Member) {
        guard let acting = try await member(actor) else { throw Refusal.notAMember }
        let standing = Standing(role: acting.role)
        try RoomPolicy.check(.moderate, kind: room.kind, type: room.type, isActive: true, by: standing)
        guard let target = try await member(user) else { throw Refusal.userNotFound }
        try RoomPolicy.checkRank(actor: acting.role, target: target.role)
        guard room.isActive else { throw Refusal.roomEnded }
        return (acting, target)
    }

    mutating func setMute(_ changes: MemberChanges, of member: Member) async throws -> Member {
        let before = member.view(at: at)
        let (isMuted, until) = changes.mute(after: before)
        guard isMuted != before.isMuted || until != before.mutedUntil else { return member }
        var member = member
        (member.isMuted, member.mutedUntil) = (isMuted, until)
        try transaction.executeLater(
            """
            UPDATE members SET is_muted = \(isMuted), muted_until = \(until)
            WHERE room_id = \(room.id) AND user_id = \(member.userID)
            """)
        record(.memberUpdated(member.view(at: at)), about: member.userID)
        note(isMuted ? .memberMuted : .memberUnmuted, target: member.userID)
        return member
    }

    /// Handing over ownership leaves the former owner a moderator.
    mutating func giveRole(_ role: MemberRole, to member: Member, from owner: Member) async throws -> Member {
        guard role == .owner else {
            let changed = try await setRole(role, of: member)
            note(.roleChanged, target: member.userID, reason: role.rawValue)
            return changed
        }
        // The index that forbids two owners wants the old one gone first.
        _ = try await setRole(.moderator, of: owner)
        let changed = try await setRole(.owner, of: member)
        note(.ownershipTransferred, target: member.userID)
        if member.view(at: at).isMuted { note(.memberUnmuted, target: member.userID) }
        return changed
    }
}
