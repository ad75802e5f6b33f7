import Events
import Identifiers

/// Who durably belongs to a room.
struct Member: Sendable, Equatable {
    var userID: UserID
    var displayName: String
    var role: MemberRole
    var isMuted: Bool
    /// With `isMuted`: when that ends; `nil` is never.
    var mutedUntil: Timestamp?
    var joinedAt: Timestamp
    /// The fact that made them a member: orders members by standing.
    var joinedFact: Int64

    /// As seen at `now`: a mute that has run out is none.
    func view(at now: Timestamp) -> MemberView {
        let isMuted = isMuted && (mutedUntil.map { $0 > now } ?? true)
        return MemberView(
            userId: userID, displayName: displayName, role: role, isMuted: isMuted,
            mutedUntil: isMuted ? mutedUntil : nil, joinedAt: joinedAt)
    }
}

/// Who is kept out of a room.
struct RoomBan: Sendable, Equatable {
    var userID: UserID
    var reason: String?
    var until: Timestamp?
    var bannedBy: UserID
    var createdAt: Timestamp

    func isInForce(at now: Timestamp) -> Bool { until.map { $0 > now } ?? true }
}
