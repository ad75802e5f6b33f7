import Events
import Identifiers

/// What somebody asks of a session.
enum SessionAction: Sendable, CaseIterable {
    case read
    /// Queueing, voting, taking one's own track back, leaving.
    case takePart
    case skip
    /// Pausing and resuming.
    case steer
    /// Handing over, ending.
    case host
}

/// A session together with all that decides what one person may do in it.
struct SessionAccess: Sendable {
    var session: ListeningSession
    var room: RoomAccess
    /// Whether the caller joined and has not left.
    var hasJoined: Bool

    var isHost: Bool { hasJoined && room.member?.userID == session.hostID }
    var isDJ: Bool { hasJoined && room.member?.userID == session.djID }
    var isModerator: Bool { room.member.map { $0.role >= .moderator } ?? false }

    /// Whether a call skips by itself.
    var skipsAtOnce: Bool { isHost || isDJ || isModerator }

    /// The right alone; ``checkLive()`` comes after it.
    func check(_ action: SessionAction) throws(Refusal) {
        if action == .read {
            guard room.member != nil || SessionPolicy.isListed(session, in: room.room.type) else { throw .notAMember }
            return
        }
        guard room.member != nil else { throw .notAMember }
        // A moderator keeps order also where they do not listen.
        guard hasJoined || action == .skip && isModerator else { throw .forbidden }
        let isAllowed =
            switch action {
            case .read, .takePart, .skip: true
            case .steer: isHost || isDJ
            case .host: isHost
            }
        guard isAllowed else { throw .forbidden }
    }

    /// Told to those only who could have done it before.
    func checkLive() throws(Refusal) {
        guard session.isLive else { throw .sessionEnded }
    }

    /// Who is no member of the room comes in by its rules, and into a private session by invitation only.
    func checkJoin() throws(Refusal) {
        try SessionPolicy.checkJoin(session, in: room.room, by: room.standing)
        try checkLive()
    }
}

enum SessionPolicy {
    /// Whether anybody may find it.
    static func isListed(_ session: ListeningSession, in type: RoomType) -> Bool { !session.isPrivate && type.isListed }

    static func checkJoin(_ session: ListeningSession, in room: Room, by standing: Standing) throws(Refusal) {
        try RoomPolicy.check(.join, kind: room.kind, type: room.type, isActive: true, by: standing)
        guard standing.role != nil || standing.isInvited || !session.isPrivate else { throw .invitationRequired }
    }
}
