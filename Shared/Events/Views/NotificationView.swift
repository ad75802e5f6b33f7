public import Identifiers

/// Notification JSON (contract, section 10).
public struct NotificationView: Codable, Sendable, Equatable {
    public var id: NotificationID
    @Nullable public var userId: UserID?
    @Nullable public var email: String?
    public var kind: String
    public var title: String
    @JSONFields public var payload: [String: JSONValue]
    /// The mail's.
    public var status: DeliveryStatus
    public var attempts: Int
    @Nullable public var lastError: String?
    @Nullable public var readAt: Timestamp?
    public var createdAt: Timestamp

    public init(
        id: NotificationID, userId: UserID?, email: String?, kind: String, title: String,
        payload: [String: JSONValue], status: DeliveryStatus, attempts: Int, lastError: String?, readAt: Timestamp?,
        createdAt: Timestamp
    ) {
        self.id = id
        self.userId = userId
        self.email = email
        self.kind = kind
        self.title = title
        self.payload = payload
        self.status = status
        self.attempts = attempts
        self.lastError = lastError
        self.readAt = readAt
        self.createdAt = createdAt
    }
}
