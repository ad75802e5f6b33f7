import Events
import Identifiers
import Testing

@testable import RoomService

@Suite struct PairingRulesTests {
    private static let now = Timestamp(millisecondsSinceEpoch: 1_000_000)

    private static func searcher(_ waited: Duration, _ interests: String...) throws -> Searcher {
        Searcher(userID: .new(), displayName: "S", since: now - waited, interests: try Interests(interests))
    }

    @Test func aSharedInterestIsEnough() throws {
        let one = try Self.searcher(.zero, "Jazz", "chess"), other = try Self.searcher(.zero, "cooking", "  jAZZ ")
        #expect(PairingRules.suit(one, other, at: Self.now))
    }

    @Test func othersWaitUntilOneOfThemHasWaitedLongEnough() throws {
        let new = try Self.searcher(.zero, "jazz")
        let almost = try Self.searcher(.milliseconds(9_999), "chess"),
            patient = try Self.searcher(.seconds(10), "chess")
        #expect(!PairingRules.suit(new, almost, at: Self.now))
        #expect(!PairingRules.suit(almost, new, at: Self.now))
        #expect(PairingRules.suit(new, patient, at: Self.now))
        #expect(PairingRules.suit(patient, new, at: Self.now))
    }

    @Test func whoNamesNoInterestSharesThat() throws {
        let (one, other) = (try Self.searcher(.zero), try Self.searcher(.zero))
        #expect(PairingRules.suit(one, other, at: Self.now))
        #expect(!PairingRules.suit(one, try Self.searcher(.zero, "jazz"), at: Self.now))
    }

    @Test func nobodyMeetsThemselves() throws {
        let one = try Self.searcher(.seconds(60), "jazz")
        #expect(!PairingRules.suit(one, one, at: Self.now))
    }

    @Test func whoWaitedLongerIsFirstWhicheverWayOneAsks() throws {
        let young = try Self.searcher(.seconds(1)), old = try Self.searcher(.seconds(2)),
            twin = try Self.searcher(.seconds(2))
        #expect(PairingRules.order(young, old).first == old)
        #expect(PairingRules.order(old, young).first == old)
        #expect(PairingRules.order(old, twin).first == PairingRules.order(twin, old).first)
    }

    @Test func interestsAreBounded() throws {
        #expect(try Interests(["b", "B", " a "]).keys == ["a", "b"])
        #expect(try Interests(Array(repeating: String(repeating: "x", count: 100), count: 20)).keys.count == 1)
        for wrong in [
            [""], ["  "], [String(repeating: "x", count: 101)], ["a\nb"], Array(repeating: "x", count: 21),
        ] {
            #expect(throws: Refusal.self) { _ = try Interests(wrong) }
        }
        #expect(throws: Refusal.invalid([FieldFault(field: "interests.1", message: "must have 1 to 100 characters")])) {
            _ = try Interests(["jazz", ""])
        }
    }

    @Test func aPairCountsEachWordOnceForEach() {
        let (one, other) = (UserID.new(), UserID.new())
        var pair = Pair(first: .init(userID: one), second: .init(userID: other))
        #expect(pair.like(by: other) == .alone)
        #expect(pair.like(by: other) == .repeated)
        #expect(pair.keep(by: one) == .alone)
        #expect(pair.like(by: one) == .mutual)
        #expect(pair.like(by: one) == .repeated)
        #expect(pair.like(by: other) == .repeated)
        #expect(pair.report(by: one) == .alone)
        #expect(!pair.second.keeps && pair.first.keeps)
        #expect(pair.other(than: one) == other && pair.other(than: other) == one)
        #expect(pair.isOne(one) && pair.isOne(other) && !pair.isOne(.new()))
    }
}
