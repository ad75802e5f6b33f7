import Events
import Identifiers
import Postgres
import Testing

@testable import MessageService

/// Searches that go beyond the newest messages: however they get there, they find the same.
@Suite struct SearchTests {
    @Test func pagesOfAnyWordAreCompleteAndInOrder() async throws {
        try await Stage.run { stage, instances in
            let (anna, ben) = (UserID.new(), UserID.new())
            let (room, other) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            stage.rooms.join(room, ben)
            _ = try await instances[0].send(anna, room, "first")
            _ = try await instances[0].send(anna, other, "ancient rare third")
            let store = instances[0].parts.store
            // Words that all messages have, some, few, none but the old, none but the new. The first three hundred that are
            // read end with number 5700, and those with a nine at the end are next.
            func text(_ number: Int) -> String {
                var words = ["every"]
                if number.isMultiple(of: 3) { words.append("third") }
                if number % 4 == 3 { words.append("fourth") }
                if number % 10 == 9 { words.append("tenth") }
                if number.isMultiple(of: 1500) { words.append("rare") }
                if number < 2000 { words.append("ancient") }
                if number > 5500 { words.append("recent") }
                return words.joined(separator: " ")
            }
            let texts = (0..<6000).map(text)
            for start in stride(from: 0, to: texts.count, by: 500) {
                _ = try await store.store(
                    try texts[start..<(start + 500)].enumerated().map { offset, text in
                        let draft = try MessageDraft(
                            type: .text, content: text, trackRef: nil, parentId: nil, clientMessageId: nil,
                            limits: MessageLimits())
                        return PendingMessage(room: room, userId: offset.isMultiple(of: 2) ? anna : ben, draft: draft)
                    })
            }
            try await store.pool.execute("ANALYZE messages")
            let standing = try await instances[0].parts.timeline.reader(anna, of: .id(room.id))
            let all = try await store.history(of: standing, .newest, limit: 10_000).messages
            for words in [
                "every", "third", "fourth", "tenth", "rare", "ancient", "recent", "third ancient", "rare recent",
                "absent",
            ] {
                for sender in [nil, anna, ben] {
                    let expected = all.filter { message in
                        let said = (message.content ?? "").split(separator: " ")
                        return words.split(separator: " ").allSatisfy(said.contains)
                            && sender.map { $0 == message.userId } ?? true
                    }
                    var found: [StoredMessage] = [], before: Int64?
                    repeat {
                        let page = try await store.search(
                            SearchQuery(words), in: standing, from: sender, before: before, limit: 300)
                        found += page.messages
                        before = page.hasMore ? page.messages.last?.seq : nil
                        if page.hasMore { #expect(page.messages.count == 300) }
                    } while before != nil
                    #expect(found.map(\.seq) == expected.map(\.seq), "\(words)")
                }
            }
        }
    }

    @Test func theCheaperWayIsTaken() {
        var strategy = SearchStrategy()
        #expect(strategy.next(wanted: 51, older: 5_000_000) == .read(300))
        strategy.note(0, of: 300)
        #expect(strategy.next(wanted: 51, older: 5_000_000) == .collect)
        strategy = SearchStrategy()
        strategy.note(20, of: 1000)
        // 31 more are some 1,550 messages away, and 100,000 have the word.
        #expect(strategy.next(wanted: 31, older: 5_000_000) == .read(3100))
        // Of few messages few have it.
        #expect(strategy.next(wanted: 31, older: 3000) == .collect)
        strategy.note(0, of: 3100)
        #expect(strategy.next(wanted: 31, older: 5_000_000) == .read(12710))
        // What is heard no more, further back, is not looked for one by one to the end.
        var read: Int64 = 0
        while case .read(let count) = strategy.next(wanted: 31, older: 5_000_000 - read) {
            strategy.note(0, of: count)
            read += count
        }
        #expect(read < 100_000)
    }
}
