public import Identifiers

/// An invitation as events tell it; never with its token.
public struct InvitationFields: Encodable, Sendable, Equatable {
    public var invitationId: InvitationID
    public var email: String
    public var status: InvitationStatus
    public var delivery: DeliveryStatus
    public var invitedBy: UserID
    @Nullable public var roomName: String?
    public var expiresAt: Timestamp
    /// 0 for the first mail, then one more for each repeat.
    public var repeatNumber: Int
    /// Counts what was told of the delivery, from 1: what comes late is known by it, whatever the clocks say. 0 where
    /// nothing was told yet.
    public var deliveryNumber: Int
    /// Why a delivery failed.
    @Nullable public var reason: String?

    public init(
        invitationId: InvitationID, email: String, status: InvitationStatus, delivery: DeliveryStatus,
        invitedBy: UserID, roomName: String?, expiresAt: Timestamp, repeatNumber: Int = 0, deliveryNumber: Int = 0,
        reason: String? = nil
    ) {
        self.invitationId = invitationId
        self.email = email
        self.status = status
        self.delivery = delivery
        self.invitedBy = invitedBy
        self.roomName = roomName
        self.expiresAt = expiresAt
        self.repeatNumber = repeatNumber
        self.deliveryNumber = deliveryNumber
        self.reason = reason
    }
}

extension InvitationFields: Decodable {
    private enum Field: String, CodingKey {
        case invitationId, email, status, delivery, invitedBy, roomName, expiresAt, repeatNumber, deliveryNumber, reason
        // Of the event around it.
        case userId, timestamp
    }

    /// Only the fields that the contract names have to be there.
    public init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: Field.self)
        let inviter = try fields.decodeIfPresent(UserID.self, forKey: .invitedBy)
        let expiry = try fields.decodeIfPresent(Timestamp.self, forKey: .expiresAt)
        self.init(
            invitationId: try fields.decode(InvitationID.self, forKey: .invitationId),
            email: try fields.decode(String.self, forKey: .email),
            status: try fields.decode(InvitationStatus.self, forKey: .status),
            delivery: try fields.decodeIfPresent(DeliveryStatus.self, forKey: .delivery) ?? .queued,
            invitedBy: try inviter ?? fields.decode(UserID.self, forKey: .userId),
            roomName: try fields.decodeIfPresent(String.self, forKey: .roomName),
            expiresAt: try expiry ?? fields.decode(Timestamp.self, forKey: .timestamp) + .seconds(7 * 86_400),
            repeatNumber: try fields.decodeIfPresent(Int.self, forKey: .repeatNumber) ?? 0,
            deliveryNumber: try fields.decodeIfPresent(Int.self, forKey: .deliveryNumber) ?? 0,
            reason: try fields.decodeIfPresent(String.self, forKey: .reason))
    }
}
