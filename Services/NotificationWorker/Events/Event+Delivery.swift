internal import Events
internal import Identifiers
private import ServiceSupport

extension Event {
    /// `invitation_delivery_changed`, for the inviter.
    static func deliveryChanged(_ invitation: InvitationFields, room: RoomRef) -> Event {
        Event(
            body: .invitationDeliveryChanged(invitation), room: room, targetUserId: invitation.invitedBy,
            requestId: RequestScope.current?.requestID, traceparent: RequestScope.current?.traceparent)
    }

    /// `notification_created`, for the recipient's open status sockets.
    static func created(_ notification: NotificationView, room: RoomRef?) -> Event {
        Event(
            body: .notificationCreated(notification), room: room, targetUserId: notification.userId,
            requestId: RequestScope.current?.requestID, traceparent: RequestScope.current?.traceparent)
    }
}
