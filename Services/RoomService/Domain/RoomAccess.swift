import Events
import Identifiers

/// A room together with all that decides what one person may do in it, read at one moment.
struct RoomAccess: Sendable {
    var room: Room
    var member: Member?
    /// In force.
    var ban: RoomBan?
    var isInvited: Bool
    var cameByID: Bool

    var standing: Standing {
        Standing(role: member?.role, isBanned: ban != nil, isInvited: isInvited, cameByID: cameByID)
    }

    func check(_ action: RoomAction) throws(Refusal) {
        try RoomPolicy.check(action, kind: room.kind, type: room.type, isActive: room.isActive, by: standing)
    }
}
