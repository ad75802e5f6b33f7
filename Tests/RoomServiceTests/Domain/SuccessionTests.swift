import Events
import Identifiers
import Testing

@testable import RoomService

@Suite struct SuccessionTests {
    private func member(_ role: MemberRole, _ fact: Int64) -> Member {
        Member(
            userID: .new(), displayName: "x", role: role, isMuted: false, mutedUntil: nil, joinedAt: .now(),
            joinedFact: fact)
    }

    @Test func nobodyInheritsFromTheLast() {
        #expect(Succession.heir(of: []) == nil)
        #expect(Succession.heir(of: [member(.owner, 1)]) == nil)
    }

    @Test func moderatorsComeFirstThenStanding() {
        let (old, young, moderator) = (member(.member, 2), member(.member, 3), member(.moderator, 9))
        #expect(Succession.heir(of: [young, old]) == old)
        #expect(Succession.heir(of: [young, old, moderator]) == moderator)
        #expect(Succession.heir(of: [moderator, member(.moderator, 12)]) == moderator)
    }
}
