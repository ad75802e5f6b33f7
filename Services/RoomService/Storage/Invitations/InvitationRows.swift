import EventBus
import Events
import Identifiers
import Postgres

extension Invitation {
    /// Of an `invitations` row called `i`.
    static let columns: PGQuery = """
        i.id, i.room_id, i.email, i.email_key, i.invited_by, i.status, i.delivery, i.repeat_number, i.mailed_at, \
        i.created_at, i.expires_at, i.answered_by
        """

    init(_ reader: inout RowReader) throws {
        self.init(
            id: try reader.next(), roomID: try reader.next(), email: try reader.next(), emailKey: try reader.next(),
            invitedBy: try reader.next(), storedStatus: try reader.next(), delivery: try reader.next(),
            repeatNumber: try reader.next(), mailedAt: try reader.next(), createdAt: try reader.next(),
            expiresAt: try reader.next(), answeredBy: try reader.next())
    }

    init(row: PGRow) throws {
        var reader = RowReader(row)
        try self.init(&reader)
    }
}

extension RoomChange {
    /// Pending ones to an address; none to no address.
    func pendingInvitations(to emailKey: String?) async throws -> [Invitation] {
        guard let emailKey else { return [] }
        return try await transaction.query(
            """
            SELECT \(Invitation.columns) FROM invitations i WHERE i.room_id = \(room.id)
                AND i.email_key = \(emailKey) AND i.status = 'pending' AND i.expires_at > \(at)
            """
        ).map(Invitation.init(row:))
    }

    func invitation(_ id: InvitationID) async throws -> Invitation {
        let rows = try await transaction.query("SELECT \(Invitation.columns) FROM invitations i WHERE i.id = \(id)")
        guard let row = rows.first else { throw Refusal.invitationNotFound }
        return try Invitation(row: row)
    }

    /// Stores the answer and tells it.
    @discardableResult
    mutating func answer(
        _ invitation: Invitation, with status: InvitationStatus, by user: UserID
    ) async throws -> Invitation {
        var answered = invitation
        answered.storedStatus = status
        answered.answeredBy = user
        try transaction.executeLater(
            """
            UPDATE invitations SET status = \(status), answered_by = \(user), answered_at = \(at)
            WHERE id = \(invitation.id)
            """)
        switch status {
        case .accepted: announce(.invitationAccepted(answered.fields(roomName: room.name)), about: user)
        case .declined: announce(.invitationDeclined(answered.fields(roomName: room.name)), about: user)
        case .pending, .withdrawn, .expired: break
        }
        return answered
    }
}
