@testable import RoomService
import Testing

@Suite struct DiscoveryStrategyTests {
    private let limits = DiscoveryStrategy.Limits(sample: 300, reading: 3000, collecting: 1000, costOfReading: 2)

    /// After so many of the first 300 had the words.
    private func strategy(sampling found: Int, withWords: Int? = nil) -> DiscoveryStrategy {
        var strategy = DiscoveryStrategy(limits)
        #expect(strategy.next(missing: 51, listed: 5_000_000) == .read(300))
        strategy.note(found: found, withWords: withWords ?? found, of: 300)
        return strategy
    }

    @Test func frequentWordsAreReadAndRareOnesCollected() {
        var frequent = strategy(sampling: 30)
        #expect(frequent.next(missing: 21, listed: 5_000_000) == .read(3000))
        var rare = strategy(sampling: 0)
        #expect(rare.next(missing: 51, listed: 5_000_000) == .collect(1000))
    }

    @Test func theCheaperOfTwoWaysIsTaken() {
        // 21 more are some 210 rooms away, which cost twice as much; about one in ten of all has the words.
        var few = strategy(sampling: 30), many = strategy(sampling: 30)
        #expect(few.next(missing: 21, listed: 3000) == .collect(1000))
        #expect(many.next(missing: 21, listed: 9000) == .read(3000))
    }

    @Test func aFewMayBeChance() {
        var strategy = strategy(sampling: 4)
        #expect(strategy.next(missing: 47, listed: 50_000) == .read(1500))
        strategy.note(found: 20, withWords: 20, of: 1500)
        #expect(strategy.next(missing: 31, listed: 50_000) == .collect(1000))
        var one = self.strategy(sampling: 1)
        #expect(one.next(missing: 50, listed: 5_000_000) == .read(1500))
        one.note(found: 1, withWords: 1, of: 1500)
        #expect(one.next(missing: 50, listed: 5_000_000) == .collect(1000))
        var few = self.strategy(sampling: 4)
        #expect(few.next(missing: 47, listed: 5000) == .collect(1000))
    }

    @Test func whereNeitherSufficesThePageEndsAtTheLimit() {
        var middling = strategy(sampling: 3)
        #expect(middling.next(missing: 48, listed: 5_000_000) == .read(3000))
        middling.note(found: 30, withWords: 30, of: 3000)
        #expect(middling.next(missing: 21, listed: 5_000_000) == .stop)
    }

    @Test func whatReadingFoundRareIsCollectedAfterAll() {
        var strategy = strategy(sampling: 3)
        #expect(strategy.next(missing: 48, listed: 500_000) == .read(3000))
        strategy.note(found: 3, withWords: 3, of: 3000)
        #expect(strategy.next(missing: 48, listed: 500_000) == .collect(1000))
        #expect(strategy.next(missing: 48, listed: 500_000) == .stop)
    }

    /// To fetch all that has a frequent word would take as long as there are many, whatever few of it the page may show.
    @Test func wordsAreAsFrequentAsWithoutOtherFilters() {
        var strategy = strategy(sampling: 0, withWords: 60)
        #expect(strategy.next(missing: 51, listed: 500_000) == .read(3000))
    }

    @Test func anEmptyPageIsWorthMoreWorkButNotAnyWork() {
        var strategy = strategy(sampling: 0)
        var steps: [DiscoveryStrategy.Step] = []
        while steps.last != .stop, steps.count < 10 {
            steps.append(strategy.next(missing: 51, listed: 5_000_000))
            if case .read(let count) = steps.last { strategy.note(found: 0, withWords: 0, of: count) }
        }
        #expect(steps == [.collect(1000), .read(3000), .collect(5000), .read(15_000), .stop])
    }

    @Test func aFindEndsThePatience() {
        var strategy = strategy(sampling: 0)
        #expect(strategy.next(missing: 51, listed: 5_000_000) == .collect(1000))
        #expect(strategy.next(missing: 51, listed: 5_000_000) == .read(3000))
        strategy.note(found: 1, withWords: 1, of: 3000)
        #expect(strategy.next(missing: 50, listed: 5_000_000) == .stop)
    }

    @Test func withoutAnIndexNothingIsCollected() {
        var limits = limits
        limits.collecting = 0
        var strategy = DiscoveryStrategy(limits)
        _ = strategy.next(missing: 51, listed: 400)
        strategy.note(found: 0, withWords: 0, of: 300)
        #expect(strategy.next(missing: 51, listed: 400) == .read(3000))
    }
}
