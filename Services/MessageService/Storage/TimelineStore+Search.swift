import EventBus
import Events
import Identifiers
import Postgres

/// Newest first.
struct SearchPage: Sendable {
    var messages: [StoredMessage]
    /// The next page begins below what was looked at, which need not be a message of this one. `nil` on the last page.
    var below: Int64?
}

extension TimelineStore {
    /// Messages of a room that have all the words.
    func search(
        _ query: SearchQuery, in standing: MessageStanding, from sender: UserID?, before: Int64?, limit: Int
    ) async throws -> SearchPage {
        guard let terms = query.terms else { return SearchPage(messages: []) }
        let search = MessageSearch(terms: terms, standing: standing, sender: sender)
        var rows: [PGRow] = [], strategy = SearchStrategy()
        // What is said meanwhile would move the messages that a step counts off.
        var below = min(before ?? .max, standing.lastSeq + 1)
        while rows.count <= limit {
            let wanted = limit + 1 - rows.count
            switch strategy.next(wanted: wanted, older: min(below - 1, MessageSearch.block)) {
            case .read(let count):
                let (found, last) = try await read(count, of: search, below: below, limit: wanted)
                rows += found
                guard let last else { return try Self.page(rows, limit: limit, end: nil) }
                strategy.note(found.count, of: count)
                below = last
            case .collect where standing.isArchived:
                let (found, last) = try await read(MessageSearch.unindexed, of: search, below: below, limit: wanted)
                return try Self.page(rows + found, limit: limit, end: last)
            case .collect:
                let end = MessageSearch.endOfBlocks(below: below)
                rows += try await pool.pipeline([
                    .ownPlan, .collecting, search.inBlocks(below: below, downTo: end, limit: wanted),
                ])[2]
                return try Self.page(rows, limit: limit, end: end > 0 ? end : nil)
            }
        }
        return try Self.page(rows, limit: limit, end: below)
    }

    /// Matches among the next `count` messages, and the number of the last of those; `nil` where there are not that many.
    private func read(
        _ count: Int64, of search: MessageSearch, below: Int64, limit: Int
    ) async throws -> (found: [PGRow], last: Int64?) {
        let answers = try await pool.pipeline([
            .ownPlan, search.among(count, below: below, limit: limit), search.last(of: count, below: below),
        ])
        return (answers[1], try answers[2].first?.get(0))
    }

    /// - Parameter end: the last number that was looked at, where there is more below it.
    private static func page(_ rows: [PGRow], limit: Int, end: Int64?) throws -> SearchPage {
        let messages = try rows.prefix(limit).map(StoredMessage.init(row:))
        return SearchPage(messages: messages, below: rows.count > limit ? messages.last?.seq : end)
    }
}

/// The statements of one search.
struct MessageSearch {
    /// So many messages of a room are one block, as `search_block` has it.
    static let block: Int64 = 524_288
    /// A page looks into so many blocks at most: at ten million messages.
    private static let blocks: Int64 = 20
    /// What is archived has no index of words, and a page reads no more of it.
    static let unindexed: Int64 = 20_000

    let terms: String
    let standing: MessageStanding
    let sender: UserID?

    private var table: PGQuery { PGQuery(unescaped: standing.isArchived ? "all_messages" : "messages") }

    private var words: PGQuery { "search_words(m.content) @@ to_tsquery('pg_catalog.simple', \(terms))" }

    /// The messages that are searched, without regard to words.
    private func scope(below seq: Int64) -> PGQuery {
        let scope: PGQuery = "FROM \(table) m WHERE m.room_id = \(standing.room.id) AND m.seq < \(seq)"
        guard let sender else { return scope }
        return scope + " AND m.user_id = \(sender)"
    }

    /// The first number in the last of the blocks that a page looks into.
    static func endOfBlocks(below seq: Int64) -> Int64 {
        max((seq - 1) / block - (blocks - 1), 0) * block
    }

    /// Matches of the newest blocks: one after the other is looked into, until enough is found.
    func inBlocks(below seq: Int64, downTo end: Int64, limit: Int) -> PGQuery {
        let (first, last) = ((seq - 1) / Self.block, end / Self.block)
        return select(
            from: """
                SELECT m.* FROM generate_series(\(first), \(last), -1) block CROSS JOIN LATERAL (
                    SELECT m.* \(scope(below: seq)) AND \(words) AND search_block(m.room_id, m.seq)
                        = search_block(\(standing.room.id), block * \(Self.block))
                    ORDER BY m.seq DESC LIMIT \(limit)
                ) m LIMIT \(limit)
                """, limit: limit)
    }

    /// Matches among the next `count` messages.
    func among(_ count: Int64, below seq: Int64, limit: Int) -> PGQuery {
        let next: PGQuery = "SELECT m.* \(scope(below: seq)) ORDER BY m.seq DESC LIMIT \(count)"
        return select(from: "SELECT m.* FROM (\(next)) m WHERE \(words)", limit: limit)
    }

    /// The number of the last of those `count`; none where there are not that many.
    func last(of count: Int64, below seq: Int64) -> PGQuery {
        "SELECT m.seq \(scope(below: seq)) ORDER BY m.seq DESC OFFSET \(count - 1) LIMIT 1"
    }

    private func select(from matches: PGQuery, limit: Int) -> PGQuery {
        """
        SELECT \(StoredMessage.columns) FROM (\(matches)) m JOIN rooms r ON r.room_id = m.room_id
        ORDER BY m.seq DESC LIMIT \(limit)
        """
    }
}
