import Events
import Identifiers

/// When rooms that nobody uses any more end by themselves.
struct RoomLifetime: Sendable, Equatable {
    /// From the last activity of a meeting or a pair room.
    var timeout: Duration = .seconds(24 * 3600)

    static let kinds: [RoomKind] = [.meeting, .pair]

    /// `nil` for kinds that live until somebody ends them, and for rooms that have ended.
    func expiresAt(_ room: Room) -> Timestamp? {
        guard room.isActive, Self.kinds.contains(room.kind) else { return nil }
        return room.lastActivityAt + timeout
    }

    /// A seat held is activity: an occupied room never expires.
    func hasExpired(_ room: Room, at now: Timestamp) -> Bool {
        guard room.participantCount == 0, let expiresAt = expiresAt(room) else { return false }
        return expiresAt <= now
    }

    /// A pair in whose room nobody has sat or written for a while. `expiresAt` does not tell it: anybody who comes undoes it.
    func isAbandoned(_ room: Room, at now: Timestamp) -> Bool {
        room.isActive && room.kind == .pair && room.participantCount == 0
            && room.lastActivityAt + PairingRules.abandonedAfter <= now
    }
}
