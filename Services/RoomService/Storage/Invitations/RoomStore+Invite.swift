import EventBus
import Events
import Identifiers
import Postgres

/// What an invitation led to.
struct Invited: Sendable {
    var invitation: Invitation
    var room: Room
    /// False for a pending one to the same address.
    var isNew: Bool
}

extension RoomStore {
    /// Invites an address. A pending invitation to it is returned, and mailed again when the last mail is old enough.
    ///
    /// - Parameter beforeMail: called where a mail is to go out, and may refuse that. It holds the room up, and nothing has
    ///   been written yet.
    /// - Throws: a conflict for a member's address; what `beforeMail` throws.
    func invite(
        _ address: EmailAddress, to id: RoomID, by actor: UserID, tokens: InvitationTokens,
        beforeMail: () async throws -> Void = {},
        beforeCommit: (Invited, PGTransaction) async throws -> Void = { _, _ in }
    ) async throws -> Invited {
        try await change(id, by: actor, beforeCommit: beforeCommit) { change in
            _ = try await change.requireMember(actor, for: .invite)
            guard try await change.transaction.query(Self.membersWith(address, in: id)).isEmpty else {
                throw Refusal.conflict("the address is a member's")
            }
            if let pending = try await change.pendingInvitations(to: address.key).first {
                guard pending.mayBeMailedAgain(at: change.at) else {
                    return Invited(invitation: pending, room: change.room, isNew: false)
                }
                try await beforeMail()
                return Invited(invitation: try await change.mailAgain(pending), room: change.room, isNew: false)
            }
            try await beforeMail()
            let invitation = try await change.insertInvitation(to: address, by: actor, tokens: tokens)
            return Invited(invitation: invitation, room: change.room, isNew: true)
        }
    }

    private static func membersWith(_ address: EmailAddress, in room: RoomID) -> PGQuery {
        """
        SELECT 1 FROM users u JOIN members m ON m.user_id = u.id AND m.room_id = \(room)
        WHERE u.email_key = \(address.key) AND u.email_verified LIMIT 1
        """
    }
}

extension RoomChange {
    fileprivate mutating func insertInvitation(
        to address: EmailAddress, by actor: UserID, tokens: InvitationTokens
    ) async throws -> Invitation {
        // One that ran out and was not swept yet would stand in the way of the new one.
        try transaction.executeLater(
            """
            UPDATE invitations SET status = 'expired' WHERE room_id = \(room.id) AND email_key = \(address.key)
                AND status = 'pending' AND expires_at <= \(at)
            """)
        let invitation = Invitation(
            id: .new(), roomID: room.id, email: address.text, emailKey: address.key, invitedBy: actor,
            storedStatus: .pending, delivery: .queued, repeatNumber: 0, mailedAt: at, createdAt: at,
            expiresAt: at + Invitation.lifetime)
        let nonce = InvitationTokens.nonce()
        let hash = InvitationTokens.hash(tokens.token(of: invitation.id, nonce: nonce))
        try transaction.executeLater(
            """
            INSERT INTO invitations (id, room_id, email, email_key, invited_by, status, delivery, token_nonce,
                token_hash, mailed_at, created_at, expires_at)
            VALUES (\(invitation.id), \(room.id), \(invitation.email), \(invitation.emailKey), \(actor),
                \(invitation.storedStatus), \(invitation.delivery), \(nonce), \(hash), \(at), \(at),
                \(invitation.expiresAt))
            """)
        announce(.invitationCreated(invitation.fields(roomName: room.name)))
        return invitation
    }

    fileprivate mutating func mailAgain(_ pending: Invitation) async throws -> Invitation {
        var invitation = pending
        invitation.repeatNumber += 1
        invitation.delivery = .queued
        invitation.mailedAt = at
        try transaction.executeLater(
            """
            UPDATE invitations SET repeat_number = \(invitation.repeatNumber), delivery = \(invitation.delivery),
                mailed_at = \(at)
            WHERE id = \(invitation.id)
            """)
        announce(.invitationCreated(invitation.fields(roomName: room.name)))
        return invitation
    }
}
