public import Identifiers

/// What an event tells, by its type.
public enum EventBody: Sendable, Equatable {
    case timeline(TimelineBody)
    case roomCreated(RoomView)
    case userJoined(PresenceChange)
    case participantUpdated(PresenceChange)
    case userLeft(PresenceEnd)
    case queueUpdated(SessionState)
    case invitationCreated(InvitationFields)
    case invitationAccepted(InvitationFields)
    case invitationDeclined(InvitationFields)
    case invitationDeliveryChanged(InvitationFields)
    case matchFound(RoomView)
    case mutualLike
    case userBanned(UserBan)
    case reportCreated(ReportFields)
    case notificationCreated(NotificationView)
    /// A type this version does not know; consumers let it pass.
    case unknown(String)

    public var type: String {
        switch self {
        case .timeline(let body): body.type.rawValue
        case .roomCreated: "room_created"
        case .userJoined: "user_joined"
        case .participantUpdated: "participant_updated"
        case .userLeft: "user_left"
        case .queueUpdated: "queue_updated"
        case .invitationCreated: "invitation_created"
        case .invitationAccepted: "invitation_accepted"
        case .invitationDeclined: "invitation_declined"
        case .invitationDeliveryChanged: "invitation_delivery_changed"
        case .matchFound: "match_found"
        case .mutualLike: "mutual_like"
        case .userBanned: "user_banned"
        case .reportCreated: "report_created"
        case .notificationCreated: "notification_created"
        case .unknown(let type): type
        }
    }

    /// The first two words of the routing key: the aggregate, and the type without it.
    var routing: (aggregate: String, event: String) {
        switch self {
        case .timeline(let body):
            switch body {
            case .messageCreated: ("message", "created")
            case .messageUpdated: ("message", "updated")
            case .messageDeleted: ("message", "deleted")
            case .reactionAdded, .reactionRemoved, .reactionsCleared: ("message", type)
            case .memberJoined, .memberLeft, .memberUpdated, .memberBanned: ("room", type)
            case .roomUpdated: ("room", "updated")
            case .roomEnded: ("room", "ended")
            case .sessionStarted: ("session", "started")
            case .sessionEnded: ("session", "ended")
            case .trackStarted: ("session", type)
            }
        case .roomCreated: ("room", "created")
        case .userJoined, .participantUpdated, .userLeft: ("room", type)
        case .queueUpdated: ("session", type)
        case .invitationCreated: ("invitation", "created")
        case .invitationAccepted: ("invitation", "accepted")
        case .invitationDeclined: ("invitation", "declined")
        case .invitationDeliveryChanged: ("invitation", "delivery_changed")
        case .matchFound, .mutualLike: ("pair", type)
        case .userBanned: ("user", "banned")
        case .reportCreated: ("report", "created")
        case .notificationCreated: ("notification", "created")
        case .unknown(let type): ("unknown", type)
        }
    }
}

/// A participant came, or one of their connections came or went.
public struct PresenceChange: Codable, Sendable, Equatable {
    public var participant: ParticipantView
    /// Seats taken in the room afterwards.
    public var participantCount: Int

    public init(participant: ParticipantView, participantCount: Int) {
        self.participant = participant
        self.participantCount = participantCount
    }
}

/// A participant's last connection went and the seat is free. Who left is the event's `user_id`.
public struct PresenceEnd: Codable, Sendable, Equatable {
    public var reason: PresenceEndReason
    /// Seats taken in the room afterwards.
    public var participantCount: Int

    public init(reason: PresenceEndReason, participantCount: Int) {
        self.reason = reason
        self.participantCount = participantCount
    }
}

public enum PresenceEndReason: String, Codable, Sendable, CaseIterable {
    case bye, closed, timeout, removed
}

/// A listening session as it is now.
public struct SessionState: Codable, Sendable, Equatable {
    /// Session JSON with its `queue`, the same for every reader.
    public var session: JSONValue
    /// Counts the changes of this session: who knows a later state is told nothing by an earlier one. `nil` where nobody
    /// counts.
    public var sessionVersion: Int64?

    public init(session: JSONValue, sessionVersion: Int64?) {
        self.session = session
        self.sessionVersion = sessionVersion
    }
}

/// An account was banned, or its ban was lifted. Whose is the event's `target_user_id`.
public struct UserBan: Codable, Sendable, Equatable {
    public var banned: Bool
    @Nullable public var reason: String?
    @Nullable public var until: Timestamp?

    public init(banned: Bool, reason: String?, until: Timestamp?) {
        self.banned = banned
        self.reason = reason
        self.until = until
    }
}

public struct ReportFields: Codable, Sendable, Equatable {
    public var reportId: ReportID
    @Nullable public var messageId: MessageID?

    public init(reportId: ReportID, messageId: MessageID?) {
        self.reportId = reportId
        self.messageId = messageId
    }
}
