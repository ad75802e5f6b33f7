import Events
import Identifiers
import ServiceSupport

/// Who belongs to the room.
extension LiveRoom {
    /// Who somebody is to the room, no older than what was heard here: as the room's slot remembers it, or the room service
    /// says it.
    func admission(of userId: UserID) async throws -> InternalAPI.Admission {
        // The answer to the first of a crowd says that nothing is lacking: what is remembered of the others will do then.
        if mayLackFacts, let question { _ = await question.value }
        if !mayLackFacts, services.isHearing(), let remembered = await services.rooms.remembered(code, userId),
            // Looked at again: it may have been heard meanwhile that things changed.
            !mayLackFacts, remembered.facts >= newestFact
        {
            return remembered
        }
        let asking = Background.share(deadline: .seconds(10)) { try await self.ask(who: userId) }
        if question == nil { question = asking }
        defer { if question == asking { question = nil } }
        return try await asking.value.get()
    }

    private func ask(who userId: UserID) async throws -> InternalAPI.Admission {
        let before = doubts
        let answer = try await services.rooms.admission(.id(id), userId)
        read(answer.session, facts: answer.facts)
        newestFact = max(newestFact, answer.facts)
        if before == doubts { mayLackFacts = false }
        return answer
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
