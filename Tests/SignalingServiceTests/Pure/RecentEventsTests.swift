import Identifiers
import Testing

@testable import SignalingService

@Suite struct RecentEventsTests {
    @Test func anEventIsNewOnce() {
        var recent = RecentEvents(capacity: 10)
        let events = (0..<10).map { _ in EventID.new() }
        for event in events {
            let isNew = recent.hear(event)
            #expect(isNew)
        }
        for event in events {
            let isNew = recent.hear(event)
            #expect(!isNew)
        }
    }

    @Test func whatIsLongPastIsForgotten() {
        var recent = RecentEvents(capacity: 10)
        let first = EventID.new()
        var news = recent.hear(first) ? 1 : 0
        for _ in 0..<30 where recent.hear(.new()) { news += 1 }
        #expect(news == 31)
        let isNewAgain = recent.hear(first)
        #expect(isNewAgain)
    }
}
