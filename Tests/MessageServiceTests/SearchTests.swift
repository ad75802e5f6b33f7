import Events
import Identifiers
import Postgres
import Testing

@testable import MessageService

/// Searches that go beyond the newest messages: however they get there, they find the same.
@Suite struct SearchTests {
    /// Walks all pages, which must hold each message with the words once and in order.
    ///
    /// - Returns: how many each page had.
    private func expectPages(
        of words: String, from sender: UserID?, limit: Int, in standing: MessageStanding, _ store: TimelineStore,
        all: [StoredMessage]
    ) async throws -> [Int] {
        let expected = all.filter { message in
            let said = (message.content ?? "").split(separator: " ")
            return words.split(separator: " ").allSatisfy(said.contains)
                && sender.map { $0 == message.userId } ?? true
        }
        var found: [StoredMessage] = [], sizes: [Int] = [], before: Int64?
        repeat {
            let page = try await store.search(
                SearchQuery(words), in: standing, from: sender, before: before, limit: limit)
            found += page.messages
            sizes.append(page.messages.count)
            before = page.below
        } while before != nil
        #expect(found.map(\.seq) == expected.map(\.seq), "\(words)")
        return sizes
    }

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
                    let sizes = try await expectPages(
                        of: words, from: sender, limit: 300, in: standing, store, all: all)
                    #expect(sizes.dropLast().allSatisfy { $0 == 300 })
                }
            }
        }
    }

    /// A room of thirty blocks, of whose messages only one in seven thousand is there: numbers are all that blocks know.
    @Test func pagesGoOnAcrossBlocks() async throws {
        try await Stage.run { stage, instances in
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            _ = try await instances[0].send(anna, room, "first")
            let store = instances[0].parts.store
            try await store.pool.execute(
                """
                INSERT INTO messages (room_id, seq, ordinal, message_id, user_id, created_at, digest, type, content)
                SELECT \(room.id), n * 7000, n, gen_random_uuid(), CASE WHEN n % 8 = 0 THEN \(anna)::uuid ELSE \(ben)::uuid END,
                    now(), 0, 'text', concat_ws(' ', 'every', CASE WHEN n % 10 = 0 THEN 'tenth' END,
                        CASE WHEN n % 200 = 1 THEN 'seldom' END, CASE WHEN n < 20 THEN 'ancient' END)
                FROM generate_series(1, 2200) n
                """)
            try await store.pool.execute("UPDATE rooms SET last_seq = 15400000 WHERE room_id = \(room.id)")
            try await store.pool.execute("ANALYZE messages")
            let standing = try await instances[0].parts.timeline.reader(anna, of: .id(room.id))
            let all = try await store.history(of: standing, .newest, limit: 10_000).messages
            let search = MessageSearch(terms: "'seldom'", standing: standing, sender: nil)
            let plan = try await store.pool.pipeline([
                .ownPlan, .collecting, "EXPLAIN " + search.inBlocks(below: 15_400_001, downTo: 0, limit: 51),
            ])[2].map { try $0.get(0, as: String.self) }.joined(separator: "\n")
            #expect(plan.contains(/search_block_search_words_idx.*\n +Index Cond: \(\(uuid_hash_extended/), "\(plan)")
            for words in ["every", "tenth", "seldom", "ancient", "every seldom", "tenth ancient", "absent"] {
                for sender in [nil, anna, ben] {
                    for limit in [3, 50] {
                        _ = try await expectPages(
                            of: words, from: sender, limit: limit, in: standing, store, all: all)
                    }
                }
            }
            // More than ten million messages are more than a page looks at.
            let path = "/rooms/\(room.code)/messages/search?q=seldom"
            let short = try await instances[0].call(anna, "GET", path)
            let cursor = try #require(short.json["nextCursor"]?.string)
            let rest = try await instances[0].call(anna, "GET", "\(path)&cursor=\(cursor)")
            #expect(rest.json["nextCursor"]?.isNull == true)
            let counts = [short, rest].map(\.items.count)
            #expect(counts.allSatisfy { $0 > 0 } && counts.reduce(0, +) == 11, "\(counts)")
        }
    }

    /// There is no index of the words of the archive.
    @Test func anArchivedRoomIsReadPageByPage() async throws {
        try await Stage.run { stage, instances in
            let anna = UserID.new()
            let room = stage.rooms.create(owner: anna)
            _ = try await instances[0].send(anna, room, "first")
            let store = instances[0].parts.store
            try await store.pool.execute(
                """
                INSERT INTO messages_archive (room_id, seq, ordinal, message_id, user_id, created_at, digest, reply_count,
                    type, content)
                SELECT \(room.id), 10 + n, n, gen_random_uuid(), \(anna), now(), 0, 0, 'text',
                    CASE WHEN n % 15000 = 0 THEN 'rare' ELSE 'every' END
                FROM generate_series(1, 45000) n
                """)
            try await store.pool.execute(
                "UPDATE rooms SET last_seq = 45010, archived_seq = 45010 WHERE room_id = \(room.id)")
            let standing = try await instances[0].parts.timeline.reader(anna, of: .id(room.id))
            var found: [Int64] = [], before: Int64?, pages = 0
            repeat {
                let page = try await store.search(
                    SearchQuery("rare"), in: standing, from: nil, before: before, limit: 50)
                found += page.messages.map(\.seq)
                before = page.below
                pages += 1
            } while before != nil
            #expect(found == [45_010, 30_010, 15_010] && pages == 3)
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
