import Events
import Identifiers

/// Whom the node knows to belong to the room, so that a crowd before a full room costs no other service anything.
///
/// Good for a refusal only: who gets a seat is asked about each time.
extension LiveRoom {
    /// Somebody was found to be a member of a room of this size.
    func found(_ userId: UserID, limit: Int) {
        if members.count >= 10_000 { members.removeAll() }
        members[userId] = .now
        self.limit = limit
    }

    /// Whether a known member would likely find no seat.
    func seemsFull(to userId: UserID) -> Bool {
        guard let found = members[userId], .now - found < Self.membersKept else { return false }
        return roster.seats[userId] == nil && roster.seats.count >= limit
    }

    private static var membersKept: Duration { .seconds(300) }
}
