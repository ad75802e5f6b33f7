import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// Accepts as who it is addressed to; answers as a join does.
    func accept(_ id: InvitationID, by caller: Caller, seatsTaken: Int?) async throws -> Joined {
        let found = try await addressed(id, to: caller)
        return try await accept(found, by: caller, seatsTaken: seatsTaken)
    }

    /// Accepts as whoever holds the token, once.
    func accept(token: String, by caller: Caller, seatsTaken: (Room) async -> Int?) async throws -> Joined {
        let rows = try await pool.query(
            "SELECT \(Invitation.columns) FROM invitations i WHERE i.token_hash = \(InvitationTokens.hash(token))")
        guard let row = rows.first else { throw Refusal.invitationNotFound }
        let found = try Invitation(row: row)
        return try await accept(found, by: caller, seatsTaken: await seatsTaken(try await room(.id(found.roomID))))
    }

    /// Declines as who it is addressed to.
    func decline(_ id: InvitationID, by caller: Caller) async throws -> InvitationView {
        let found = try await addressed(id, to: caller)
        return try await change(found.roomID, by: caller.userID) { change in
            let invitation = try await change.invitation(id)
            guard change.room.isActive else { throw Refusal.roomEnded }
            let declined =
                switch try invitation.answering(.declined, by: caller.userID, at: change.at) {
                case .repeated: invitation
                case .open: try await change.answer(invitation, with: .declined, by: caller.userID)
                }
            return declined.view(code: change.room.code, roomName: change.room.name, at: change.at)
        }
    }

    /// Takes an invitation back: its inviter, or a moderator of its room.
    ///
    /// - Throws: ``Refusal/invitationNotFound`` to whom it does not concern.
    func withdraw(_ id: InvitationID, by caller: Caller) async throws {
        let found = try await invitation(id)
        try await change(found.roomID, by: caller.userID) { change in
            let invitation = try await change.invitation(id)
            let member = try await change.member(caller.userID)
            let isInviter = invitation.invitedBy == caller.userID
            let isModerator = (member?.role ?? .member) >= .moderator
            guard isInviter || isModerator else {
                let concerns = member != nil || invitation.emailKey == caller.verifiedEmail
                throw concerns ? Refusal.forbidden : Refusal.invitationNotFound
            }
            guard change.room.isActive else { throw Refusal.roomEnded }
            // What is withdrawn or expired is gone, what is answered stays answered.
            _ = try invitation.answering(.withdrawn, by: caller.userID, at: change.at)
            try await change.answer(invitation, with: .withdrawn, by: caller.userID)
            if !isInviter { change.note(.invitationWithdrawn, target: invitation.invitedBy) }
        }
    }

    private func accept(_ found: Invitation, by caller: Caller, seatsTaken: Int?) async throws -> Joined {
        try await change(found.roomID, by: caller.userID) { change in
            let invitation = try await change.invitation(found.id)
            let member = try await change.member(caller.userID)
            if try await change.ban(of: caller.userID) != nil { throw Refusal.banned }
            guard change.room.isActive else { throw Refusal.roomEnded }
            switch try invitation.answering(.accepted, by: caller.userID, at: change.at) {
            case .repeated:
                guard let member else { throw Refusal.conflict("the invitation was used already") }
                return Joined(room: change.room, member: member, isNew: false)
            case .open:
                if let member {
                    try await change.answer(invitation, with: .accepted, by: caller.userID)
                    return Joined(room: change.room, member: member, isNew: false)
                }
                var accepted = try await change.pendingInvitations(to: caller.verifiedEmail)
                if !accepted.contains(where: { $0.id == invitation.id }) { accepted.append(invitation) }
                return try await change.admit(caller, accepting: accepted, seatsTaken: seatsTaken)
            }
        }
    }

    /// The room of an invitation that is the caller's to answer.
    func room(of id: InvitationID, addressedTo caller: Caller) async throws -> Room {
        let found = try await addressed(id, to: caller)
        return try await room(.id(found.roomID))
    }

    /// An invitation that is the caller's to answer.
    private func addressed(_ id: InvitationID, to caller: Caller) async throws -> Invitation {
        let found = try await invitation(id)
        guard found.emailKey == caller.verifiedEmail else { throw Refusal.invitationNotFound }
        return found
    }
}
