import Events
import Identifiers
import Testing

@testable import RoomService

@Suite struct RoomChangesTests {
    private let limits = PlanLimits()

    private func room(_ kind: RoomKind, _ type: RoomType, genre: String? = nil) -> Room {
        let draft = RoomDraft(
            kind: kind, type: type, name: "Name", description: "Text", genre: genre, maxParticipants: 4)
        return Room(draft, code: .random(), owner: .new(), at: .now())
    }

    @Test func nullClearsWhatMayBeEmpty() throws {
        let changes = RoomChanges(name: .clear, description: .clear)
        let changed = try changes.applied(to: room(.meeting, .public), plan: "free", limits: limits)
        #expect(changed.name == nil)
        #expect(changed.description == nil)
        #expect(throws: Refusal.self) {
            try changes.applied(to: room(.chat, .public), plan: "free", limits: limits)
        }
    }

    @Test func aSubjectIsNeededWhereTheTypeNamesOne() throws {
        var changes = RoomChanges(type: "genre")
        #expect(throws: Refusal.self) { try changes.applied(to: room(.chat, .public), plan: "free", limits: limits) }
        changes.genre = .set("Jazz")
        #expect(try changes.applied(to: room(.chat, .public), plan: "free", limits: limits).genre == "Jazz")
        #expect(throws: Refusal.self) {
            try RoomChanges(genre: .clear)
                .applied(to: room(.chat, .genre, genre: "Jazz"), plan: "free", limits: limits)
        }
    }

    @Test func aSizeOnceAllowedStays() throws {
        var big = room(.meeting, .public)
        big.maxParticipants = 10
        let changes = RoomChanges(maxParticipants: 10)
        #expect(try changes.applied(to: big, plan: "free", limits: limits) == big)
        #expect(throws: Refusal.planTooSmall(cap: 4)) {
            try RoomChanges(maxParticipants: 9).applied(to: big, plan: "free", limits: limits)
        }
    }
}
