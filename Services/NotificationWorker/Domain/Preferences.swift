internal import Identifiers

/// What somebody wants to be told, and how.
struct Preferences: Sendable, Equatable {
    /// Whether invitations are mailed.
    var email: Bool
    /// Whether notifications are listed and pushed. What happens while this is off is never listed later either.
    var inApp: Bool
    /// Nothing is told of these rooms, by no channel.
    var mutedRooms: [RoomRef]

    init(email: Bool = true, inApp: Bool = true, mutedRooms: [RoomRef] = []) {
        self.email = email
        self.inApp = inApp
        self.mutedRooms = mutedRooms
    }

    func mutes(_ room: RoomID?) -> Bool {
        mutedRooms.contains { $0.id == room }
    }
}
