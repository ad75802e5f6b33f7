public import Identifiers

/// The bodies of the `/internal` calls that services make to each other, where more than one service needs the shape.
public enum InternalAPI {
    /// `GET /internal/rooms/{room}/facts` of the room service.
    public struct Facts: Codable, Sendable {
        public var roomUuid: RoomID
        public var roomId: RoomCode
        /// The newest fact of the room, which may be further than `items` reach.
        public var head: Int64
        public var items: [RoomFact]

        public init(roomUuid: RoomID, roomId: RoomCode, head: Int64, items: [RoomFact]) {
            self.roomUuid = roomUuid
            self.roomId = roomId
            self.head = head
            self.items = items
        }
    }

    /// `GET /internal/rooms/{room}/admission/{user}` of the room service: all that decides whether somebody gets in.
    public struct Admission: Codable, Sendable {
        public var room: RoomView
        public var member: MemberView?
        public var ban: Ban?
        /// The newest fact of the room.
        public var facts: Int64
        /// The live session with its queue, the same for every reader.
        public var session: SessionState?

        public struct Ban: Codable, Sendable, Equatable {
            public var reason: String?
            public var until: Timestamp?

            public init(reason: String?, until: Timestamp?) {
                self.reason = reason
                self.until = until
            }
        }

        public init(room: RoomView, member: MemberView?, ban: Ban?, facts: Int64, session: SessionState? = nil) {
            self.room = room
            self.member = member
            self.ban = ban
            self.facts = facts
            self.session = session
        }
    }

    /// `POST /internal/rooms/sessions` of the room service.
    public struct SessionsRequest: Codable, Sendable {
        public var rooms: [RoomID]
        public init(rooms: [RoomID]) { self.rooms = rooms }
    }

    /// What is live in rooms; rooms that are not there are left out.
    public struct Sessions: Codable, Sendable {
        public var items: [Item]

        public struct Item: Codable, Sendable {
            public var roomUuid: RoomID
            /// The newest fact of the room: no later session is known here.
            public var facts: Int64
            public var session: SessionState?

            public init(roomUuid: RoomID, facts: Int64, session: SessionState?) {
                self.roomUuid = roomUuid
                self.facts = facts
                self.session = session
            }
        }

        public init(items: [Item]) { self.items = items }
    }

    /// `GET /internal/users/{user}/rooms` of the room service: the active rooms somebody belongs to.
    public struct UserRooms: Codable, Sendable {
        public var items: [Item]

        public struct Item: Codable, Sendable {
            public var roomUuid: RoomID
            public var roomId: RoomCode

            public init(roomUuid: RoomID, roomId: RoomCode) {
                self.roomUuid = roomUuid
                self.roomId = roomId
            }
        }

        public init(items: [Item]) { self.items = items }
    }

    /// `GET /internal/users/{user}` of the room service.
    public struct User: Codable, Sendable {
        public var id: UserID
        public var email: String?
        public var displayName: String

        public init(id: UserID, email: String?, displayName: String) {
            self.id = id
            self.email = email
            self.displayName = displayName
        }
    }

    /// `POST /internal/searches` of the room service: users who are there, so that those of them who search for a partner
    /// search on.
    public struct Present: Codable, Sendable {
        public var userIds: [UserID]
        public init(userIds: [UserID]) { self.userIds = userIds }
    }

    /// `GET /internal/invitations/{id}/mail` of the room service: what the invitation's mail needs. The only place that tells the token.
    public struct InvitationMail: Codable, Sendable {
        public var invitationId: InvitationID
        public var token: String
        public var roomId: RoomCode
        public var roomName: String?
        public var email: String
        public var inviterName: String
        public var status: InvitationStatus
        public var expiresAt: Timestamp
        public var repeatNumber: Int

        public init(
            invitationId: InvitationID, token: String, roomId: RoomCode, roomName: String?, email: String,
            inviterName: String, status: InvitationStatus, expiresAt: Timestamp, repeatNumber: Int
        ) {
            self.invitationId = invitationId
            self.token = token
            self.roomId = roomId
            self.roomName = roomName
            self.email = email
            self.inviterName = inviterName
            self.status = status
            self.expiresAt = expiresAt
            self.repeatNumber = repeatNumber
        }
    }

    /// `GET /internal/rooms/{uuid}/timeline` of the message service.
    public struct Timeline: Codable, Sendable {
        public var head: Int64
        /// Oldest first, dense.
        public var items: [TimelineEntry]

        public init(head: Int64, items: [TimelineEntry]) {
            self.head = head
            self.items = items
        }
    }

    /// `POST /internal/rooms/heads` of the message service.
    public struct HeadsRequest: Codable, Sendable {
        public var rooms: [RoomID]
        public init(rooms: [RoomID]) { self.rooms = rooms }
    }

    /// The newest `seq` by room id; rooms without a timeline are left out.
    public struct Heads: Codable, Sendable {
        public var heads: [String: Int64]
        public init(heads: [String: Int64]) { self.heads = heads }
    }

    /// How many entries behind a client may be and still be brought up.
    public static let resumeWindow: Int64 = 100_000

    /// Whether a client that has seen everything up to `seq` can go on from there.
    public static func canResume(after seq: Int64, at head: Int64) -> Bool {
        seq <= head && head - seq <= resumeWindow
    }

    /// `GET /internal/rooms/{uuid}/live?facts=n` of the message service: where a new socket begins.
    public struct Live: Codable, Sendable {
        public var seq: Int64
        /// The last 50 messages, oldest first; none for who says `&after=seq` and can go on from there.
        public var recent: [MessageView]

        public init(seq: Int64, recent: [MessageView]) {
            self.seq = seq
            self.recent = recent
        }
    }

    /// `GET /internal/rooms/{uuid}/summary` of the message service.
    public struct RoomSummary: Codable, Sendable {
        public var seq: Int64
        public var messageCount: Int64
        public var lastMessageAt: Timestamp?

        public init(seq: Int64, messageCount: Int64, lastMessageAt: Timestamp?) {
            self.seq = seq
            self.messageCount = messageCount
            self.lastMessageAt = lastMessageAt
        }
    }

    /// `GET /internal/users/{user}/notifications/unread` of the notification worker.
    public struct UnreadNotifications: Codable, Sendable {
        public var items: [NotificationView]
        public init(items: [NotificationView]) { self.items = items }
    }

    /// `GET /internal/account-bans` of the room service: every ban in force.
    public struct AccountBans: Codable, Sendable {
        public var items: [Item]

        public struct Item: Codable, Sendable {
            public var userId: UserID
            public var until: Timestamp?

            public init(userId: UserID, until: Timestamp?) {
                self.userId = userId
                self.until = until
            }
        }

        public init(items: [Item]) { self.items = items }
    }

    /// `GET /internal/users/{user}/ban` of the room service.
    public struct AccountBan: Codable, Sendable {
        public var banned: Bool
        public var reason: String?
        public var until: Timestamp?

        public init(banned: Bool, reason: String?, until: Timestamp?) {
            self.banned = banned
            self.reason = reason
            self.until = until
        }
    }
}
