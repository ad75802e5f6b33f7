import Events
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// Discovery among many rooms.
@Suite struct DiscoverySearchTests {
    /// So small that a thousand rooms are many.
    private static let limits = DiscoveryStrategy.Limits(sample: 20, reading: 60, collecting: 40, costOfReading: 0.5)

    /// Listed rooms whose names say which words they have: all, every second, tenth, fiftieth, five hundredth, and those that
    /// come first or last in one order or another.
    private func fill(_ rooms: TestRooms, count: Int) async throws {
        _ = try await rooms.sql(
            """
            INSERT INTO rooms (id, code, kind, type, name, name_key, genre, genre_key, words, owner_id,
                max_participants, is_active, version, fact_head, member_count, created_at, updated_at,
                last_activity_at, ended_at)
            SELECT gen_random_uuid(),
                regexp_replace(translate(lpad(n::text, 10, '0'), '0123456789', 'abcdefghij'),
                    '(...)(....)(...)', '\\1-\\2-\\3'), (ARRAY['chat', 'listening'])[1 + n / 7 % 2],
                (ARRAY['public', 'genre', 'unlisted', 'private'])[1 + n / 3 % 4],
                name, name, 'g' || n % 5, 'g' || n % 5, array_to_tsvector(string_to_array(name, ' ')),
                gen_random_uuid(), 10, n % 11 > 0, 1, 1, n % 97, moment - n * 37 % 1009 * interval '1 second', moment,
                moment - n * interval '1 second', CASE WHEN n % 11 = 0 THEN moment END
            FROM (
                SELECT n, date_trunc('milliseconds', now()) AS moment, concat_ws(' ', 'a' || n * 53 % 997, 'every', CASE WHEN n % 2 = 0 THEN 'second' END,
                    CASE WHEN n % 10 = 0 THEN 'tenth' END, CASE WHEN n % 50 = 0 THEN 'fiftieth' END,
                    CASE WHEN n % 500 = 0 THEN 'rare' END, CASE WHEN n < 300 THEN 'first' END,
                    CASE WHEN n > \(count) - 300 THEN 'last' END) AS name
                FROM generate_series(1, \(count)) n
            ) n
            """)
        _ = try await rooms.sql("ANALYZE rooms")
    }

    @Test func pagesOfAnyWordsAreCompleteAndInOrder() async throws {
        try await TestRooms.run(search: Self.limits) { rooms in
            try await fill(rooms, count: 6000)
            let store = rooms.app.store
            var searches: [Discovery] = []
            for sort in Discovery.Sort.allCases {
                searches += [
                    Discovery(sort: sort), Discovery(type: .genre, sort: sort), Discovery(genre: "G3", sort: sort),
                    Discovery(kind: .listening, isActive: false, sort: sort),
                    Discovery(type: .public, genre: "g1", kind: .chat, sort: sort),
                ]
            }
            for var search in searches {
                let all = try await store.discover(search, after: nil, limit: 6000).rooms
                for words in ["every", "second", "tenth", "fiftieth", "rare", "first", "last", "tenth last", "absent"] {
                    let expected = all.filter { room in
                        let said = (room.name ?? "").split(separator: " ")
                        return words.split(separator: " ").allSatisfy(said.contains)
                    }
                    search.words = SearchWords.query(words)
                    var found: [Room] = [], position: Discovery.Position?
                    repeat {
                        let page = try await store.discover(search, after: position, limit: 30)
                        #expect(page.rooms.count <= 30)
                        found += page.rooms
                        position = page.position
                    } while position != nil
                    #expect(found.map(\.id) == expected.map(\.id), "\(search)")
                }
            }
        }
    }

    @Test func aPageIsShortOnlyBetweenRareAndFrequentWords() async throws {
        try await TestRooms.run(["SEARCH_BURST": "100"], search: Self.limits) { rooms in
            try await fill(rooms, count: 6000)
            let user = try await rooms.user()
            for sort in Discovery.Sort.allCases {
                func page(_ query: String) async throws -> (count: Int, next: String?) {
                    let page = try await rooms.call(.get, "/rooms/discover?limit=20&sort=\(sort)&\(query)", as: user)
                        .json
                    return (page.items.count, page["nextCursor"].string)
                }
                let frequent = try await page("q=second"), rare = try await page("q=rare")
                #expect(frequent.count == 20 && frequent.next != nil)
                #expect(rare.count > 2 && rare.next == nil)
                let middling = try await page("q=tenth")
                #expect(1..<20 ~= middling.count)
                let next = try await page("q=tenth&cursor=\(try #require(middling.next))")
                #expect(next.count > 0)
            }
        }
    }

    /// No query reads a table from end to end, whatever is asked.
    @Test func plansUseIndexes() async throws {
        try await TestRooms.run { rooms in
            try await fill(rooms, count: 6000)
            var searches: [Discovery] = []
            for sort in Discovery.Sort.allCases {
                searches.append(Discovery(sort: sort))
                searches.append(Discovery(type: .genre, sort: sort))
                searches.append(Discovery(genre: "g4", sort: sort))
                searches.append(Discovery(kind: .listening, isActive: false, sort: sort))
            }
            func plan(_ query: PGQuery, after settings: [PGQuery] = []) async throws -> String {
                let rows = try await rooms.app.store.pool.pipeline(settings + ["EXPLAIN " + query])
                return try rows[settings.count].map { try $0.get(0, as: String.self) }.joined(separator: "\n")
            }
            for search in searches {
                let page = try await rooms.app.store.discover(search, after: nil, limit: 3)
                for position in [nil, page.position] {
                    let list = try await plan(search.query(after: position, limit: 51))
                    #expect(!list.contains("Seq Scan"), "\(search): \(list)")
                    let reading = try await plan(
                        search.among(300, after: position, words: "'tenth'", limit: 11), after: [.ownPlan])
                    #expect(!reading.contains("Seq Scan"), "\(search): \(reading)")
                    let collecting = try await plan(
                        search.everything(upTo: 3000, after: position, words: "'fiftieth'", limit: 51),
                        after: [.ownPlan, .collecting])
                    #expect(collecting.contains("Bitmap Index Scan on rooms_listed_words"), "\(search): \(collecting)")
                }
            }
        }
    }
}
