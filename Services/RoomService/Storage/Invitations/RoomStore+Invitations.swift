import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    func invitation(_ id: InvitationID) async throws -> Invitation {
        let rows = try await pool.query("SELECT \(Invitation.columns) FROM invitations i WHERE i.id = \(id)")
        guard let row = rows.first else { throw Refusal.invitationNotFound }
        return try Invitation(row: row)
    }

    /// A room's, newest first.
    func invitations(of room: RoomID, before position: InvitationID?, limit: Int) async throws -> [Invitation] {
        let rest: PGQuery = if let position { "AND i.id < \(position)" } else { "" }
        return try await pool.query(
            """
            SELECT \(Invitation.columns) FROM invitations i WHERE i.room_id = \(room) \(rest)
            ORDER BY i.id DESC LIMIT \(limit)
            """
        ).map(Invitation.init(row:))
    }

    /// Those that an address can still answer, newest first.
    func pendingInvitations(
        to emailKey: String, before position: InvitationID?, limit: Int
    ) async throws -> [InvitationView] {
        let now = clock.now()
        let rest: PGQuery = if let position { "AND i.id < \(position)" } else { "" }
        return try await pool.query(
            """
            SELECT \(Invitation.columns), r.code, r.name FROM invitations i JOIN rooms r ON r.id = i.room_id
            WHERE i.email_key = \(emailKey) AND i.status = 'pending' AND i.expires_at > \(now)
                AND r.is_active \(rest)
            ORDER BY i.id DESC LIMIT \(limit)
            """
        ).map { row in
            var reader = RowReader(row)
            let invitation = try Invitation(&reader)
            return invitation.view(code: try reader.next(), roomName: try reader.next(), at: now)
        }
    }

    /// What its mail needs; the only place that makes the token again.
    func invitationMail(_ id: InvitationID, tokens: InvitationTokens) async throws -> InternalAPI.InvitationMail {
        let rows = try await pool.query(
            """
            SELECT \(Invitation.columns), i.token_nonce, r.code, r.name, r.is_active, u.display_name
            FROM invitations i JOIN rooms r ON r.id = i.room_id JOIN users u ON u.id = i.invited_by
            WHERE i.id = \(id)
            """)
        guard let row = rows.first else { throw Refusal.invitationNotFound }
        var reader = RowReader(row)
        let invitation = try Invitation(&reader)
        let nonce = try reader.next([UInt8].self)
        let code = try reader.next(RoomCode.self)
        let name = try reader.next(String?.self)
        let isActive = try reader.next(Bool.self)
        let status = invitation.status(at: clock.now())
        return InternalAPI.InvitationMail(
            invitationId: id, token: tokens.token(of: id, nonce: nonce), roomId: code, roomName: name,
            email: invitation.email, inviterName: try reader.next(),
            // Nobody is asked into a room that is no more.
            status: status == .pending && !isActive ? .expired : status,
            expiresAt: invitation.expiresAt, repeatNumber: invitation.repeatNumber)
    }

    /// Takes over how far the mail got. A report older than the last one changes nothing.
    func takeOverDelivery(_ report: InvitationFields, in transaction: PGTransaction) async throws {
        try await transaction.execute(
            """
            UPDATE invitations SET delivery = \(report.delivery), delivery_number = \(report.deliveryNumber)
            WHERE id = \(report.invitationId) AND delivery_number < \(report.deliveryNumber)
            """)
    }
}
