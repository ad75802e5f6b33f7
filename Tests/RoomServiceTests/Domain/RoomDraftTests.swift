import Events
import Testing

@testable import RoomService

@Suite struct RoomDraftTests {
    private let limits = PlanLimits()

    private func draft(_ change: (inout RoomDraft.Input) -> Void, plan: String = "free") throws -> RoomDraft {
        var input = RoomDraft.Input()
        change(&input)
        return try RoomDraft(input, plan: plan, limits: limits)
    }

    private func faults(_ change: (inout RoomDraft.Input) -> Void) -> Set<String> {
        do {
            _ = try draft(change)
            return []
        } catch Refusal.invalid(let faults) {
            return Set(faults.map(\.field))
        } catch {
            return ["\(error)"]
        }
    }

    @Test func nothingMakesAMeeting() throws {
        let draft = try draft { _ in }
        #expect(
            draft
                == RoomDraft(
                    kind: .meeting, type: .unlisted, name: nil, description: nil, genre: nil, maxParticipants: 4))
    }

    @Test func wrongFieldsAreNamedTogether() {
        #expect(
            faults {
                $0.kind = "pair"
                $0.type = "secret"
                $0.name = "  "
                $0.description = String(repeating: "x", count: 501)
                $0.maxParticipants = 1
            } == ["kind", "type", "name", "description", "maxParticipants"])
    }

    /// No plan is too small for a kind that nobody makes.
    @Test func aKindThatIsNoneIsTheFault() {
        for kind in ["pair", "party"] {
            #expect(
                faults {
                    $0.kind = kind; $0.maxParticipants = 5
                } == ["kind"])
        }
    }

    @Test(arguments: ["chat", "listening"])
    func roomsToComeBackToHaveNames(kind: String) {
        #expect(faults { $0.kind = kind } == ["name"])
    }

    @Test(arguments: ["genre", "artist"])
    func subjectsAreNamed(type: String) {
        #expect(faults { $0.type = type } == ["genre"])
        #expect(
            faults {
                $0.type = type; $0.genre = "Jazz"
            }.isEmpty)
    }

    @Test func privacyMayNotContradictTheType() throws {
        #expect(try draft { $0.isPrivate = true }.type == .private)
        #expect(
            try draft {
                $0.isPrivate = true; $0.type = "private"
            }.type == .private)
        #expect(try draft { $0.isPrivate = false }.type == .unlisted)
        #expect(
            faults {
                $0.isPrivate = true; $0.type = "public"
            } == ["isPrivate"])
        #expect(
            faults {
                $0.isPrivate = false; $0.type = "private"
            } == ["isPrivate"])
    }

    @Test func charactersAreScalarsCountedAfterTrimming() throws {
        #expect(try draft { $0.name = " \(String(repeating: "é", count: 100)) " }.name?.count == 100)
        #expect(faults { $0.name = String(repeating: "e\u{301}", count: 51) } == ["name"])
        #expect(faults { $0.name = "two\nlines" } == ["name"])
        #expect(try draft { $0.description = "two\nlines\tand a tab" }.description == "two\nlines\tand a tab")
        #expect(faults { $0.description = "bell\u{7}" } == ["description"])
    }

    @Test func thePlanIsToldBeforeFaults() {
        #expect(throws: Refusal.planTooSmall(cap: 4)) {
            try draft {
                $0.maxParticipants = 5; $0.name = ""
            }
        }
        #expect(throws: Refusal.planTooSmall(cap: 10)) { try draft({ $0.maxParticipants = 11 }, plan: "pro") }
        #expect(throws: Never.self) { try draft({ $0.maxParticipants = 50 }, plan: "business") }
        #expect(throws: Refusal.planTooSmall(cap: 4)) { try draft({ $0.maxParticipants = 5 }, plan: "unheard of") }
        #expect(
            faults {
                $0.kind = "chat"; $0.name = "c"; $0.maxParticipants = 10_001
            } == ["maxParticipants"])
    }

    @Test func capsAreReadOrRefused() {
        #expect(PlanLimits.readCaps("free:4, pro:10") == ["free": 4, "pro": 10])
        for wrong in ["", "free", "free:x", "free:1", "free:4:5", "free:4,free:5"] {
            #expect(PlanLimits.readCaps(wrong) == nil)
        }
    }
}
