public import Identifiers

/// Invitation JSON (contract, section 3).
public struct InvitationView: Codable, Sendable, Equatable {
    public var invitationId: InvitationID
    public var roomId: RoomCode
    @Nullable public var roomName: String?
    public var email: String
    public var invitedBy: UserID
    public var status: InvitationStatus
    public var delivery: DeliveryStatus
    public var createdAt: Timestamp
    public var expiresAt: Timestamp

    public init(
        invitationId: InvitationID, roomId: RoomCode, roomName: String?, email: String, invitedBy: UserID,
        status: InvitationStatus, delivery: DeliveryStatus, createdAt: Timestamp, expiresAt: Timestamp
    ) {
        self.invitationId = invitationId
        self.roomId = roomId
        self.roomName = roomName
        self.email = email
        self.invitedBy = invitedBy
        self.status = status
        self.delivery = delivery
        self.createdAt = createdAt
        self.expiresAt = expiresAt
    }
}

public enum InvitationStatus: String, Codable, Sendable, CaseIterable {
    case pending, accepted, declined, withdrawn, expired
}

/// How far the mail of an invitation got. `uncertain`: the mail server may have taken it, and nobody recorded that.
public enum DeliveryStatus: String, Codable, Sendable, CaseIterable {
    case queued, sending, sent, failed, uncertain
}
