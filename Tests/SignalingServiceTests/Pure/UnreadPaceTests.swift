import Identifiers
import Testing

@testable import SignalingService

@Suite struct UnreadPaceTests {
    private let code = RoomCode.random()
    private let start = ContinuousClock.now

    @Test func theFirstIsToldAtOnceAndTheRestTogether() {
        var pace = UnreadPace()
        let interval = UnreadPace.interval
        let atOnce = [(1, Duration.zero), (2, .milliseconds(1)), (3, .milliseconds(999))].map { seq, after in
            pace.hear(seq, in: code, at: start + after)
        }
        #expect(atOnce == [true, false, false])
        let due = [Duration.milliseconds(999), interval].map { pace.due(at: start + $0).map(\.seq) }
        #expect(due == [[], [3]])
        // What was told late counts from then on.
        let isToldAtOnce = pace.hear(4, in: code, at: start + interval + .milliseconds(500))
        #expect(!isToldAtOnce)
        let late = pace.due(at: start + interval * 2).map(\.seq)
        #expect(late == [4])
    }

    @Test func neverTwiceInASecondWheneverMessagesCome() {
        var pace = UnreadPace(), told: [ContinuousClock.Instant] = []
        for step in 0..<1000 {
            let now = start + .milliseconds(step * 37)
            if pace.hear(Int64(step), in: code, at: now) { told.append(now) }
            told += pace.due(at: now).map { _ in now }
        }
        #expect(zip(told, told.dropFirst()).allSatisfy { $1 - $0 >= .seconds(1) })
        #expect(told.count > 25)
    }

    @Test func roomsDoNotWaitForEachOther() {
        var pace = UnreadPace()
        let told = [code, .random()].map { pace.hear(1, in: $0, at: start) }
        #expect(told == [true, true])
    }
}
