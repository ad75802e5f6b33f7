import Events
import Identifiers

/// What somebody asks of a room.
enum RoomAction: String, Sendable, CaseIterable {
    /// The whole room, not just its preview.
    case readDetails
    /// Members, participants, stats, invitations.
    case readMembers
    /// The audit log, the list of bans.
    case readModeration
    case update, delete, leave, invite, join, report
    /// Adding, muting, removing and banning members.
    case moderate
    case giveRoles
    case iceServers
    /// Beginning a listening session.
    case listen
}

/// What the asker is to the room.
struct Standing: Sendable, Equatable {
    /// `nil` for who is no member.
    var role: MemberRole?
    var isBanned = false
    /// Has a pending invitation.
    var isInvited = false
    /// Named the room by its internal id, which says nothing about having been given the code.
    var cameByID = false
}

/// Who may do what in which room: the access table, in one place.
///
/// An active member's right is checked before the room's end, so that `room_ended` is told only to whom it concerns.
enum RoomPolicy {
    static func check(
        _ action: RoomAction, kind: RoomKind, type: RoomType, isActive: Bool, by standing: Standing
    ) throws(Refusal) {
        if action == .join {
            try checkJoin(type: type, by: standing)
        } else {
            guard let role = standing.role else { throw .notAMember }
            guard role >= neededRole(action) else { throw .forbidden }
            // Two were brought together, and nobody else.
            if action == .invite, kind == .pair { throw .forbidden }
        }
        if !isActive, changesRoom(action) { throw .roomEnded }
    }

    /// Whether a non-member sees the preview.
    static func maySeePreview(type: RoomType, cameByID: Bool) -> Bool {
        switch type {
        case .public, .genre, .artist: true
        case .unlisted: !cameByID
        case .private: false
        }
    }

    /// Nobody acts on an equal or higher role, oneself included.
    static func checkRank(actor: MemberRole, target: MemberRole) throws(Refusal) {
        guard actor > target else { throw .forbidden }
    }

    private static func checkJoin(type: RoomType, by standing: Standing) throws(Refusal) {
        if standing.role != nil { return }
        if standing.isBanned { throw .banned }
        if standing.isInvited { return }
        switch type {
        case .public, .genre, .artist: return
        case .unlisted: if standing.cameByID { throw .forbidden }
        case .private: throw .invitationRequired
        }
    }

    private static func neededRole(_ action: RoomAction) -> MemberRole {
        switch action {
        case .readDetails, .readMembers, .leave, .invite, .join, .report, .iceServers, .listen: .member
        case .readModeration, .moderate: .moderator
        case .update, .delete, .giveRoles: .owner
        }
    }

    private static func changesRoom(_ action: RoomAction) -> Bool {
        switch action {
        case .readDetails, .readMembers, .readModeration, .report: false
        case .update, .delete, .leave, .invite, .join, .moderate, .giveRoles, .iceServers, .listen: true
        }
    }
}
