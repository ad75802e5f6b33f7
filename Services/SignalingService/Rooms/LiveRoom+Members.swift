import Events
import Identifiers

/// Who belongs to the room.
extension LiveRoom {
    /// Who somebody is to the room, no older than what was heard here: as the room's slot remembers it, or the room service
    /// says it.
    func admission(of userId: UserID) async throws -> InternalAPI.Admission {
        if !mayLackFacts, services.isHearing(), let remembered = await services.rooms.remembered(code, userId),
            // Looked at again: it may have been heard meanwhile that things changed.
            !mayLackFacts, remembered.facts >= newestFact
        {
            return remembered
        }
        let before = doubts
        let asked = try await services.rooms.admission(.id(id), userId)
        read(asked.session, facts: asked.facts)
        newestFact = max(newestFact, asked.facts)
        if before == doubts { mayLackFacts = false }
        return asked
    }

    /// There may be a fact that was not heard: only the room service knows, from now on.
    func doubtFacts() {
        mayLackFacts = true
        doubts += 1
    }

    // MARK: - A crowd before a full room costs no other service anything

    /// Somebody was found to be a member of a room of this size. Good for a refusal only.
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
