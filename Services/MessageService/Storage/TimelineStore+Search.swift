import EventBus
import Events
import Identifiers
import Postgres

extension TimelineStore {
    /// Messages of a room that have all the words, newest first.
    func search(
        _ query: SearchQuery, in standing: MessageStanding, from sender: UserID?, before: Int64?, limit: Int
    ) async throws -> MessagePage {
        guard let terms = query.terms else { return MessagePage(messages: [], hasMore: false) }
        let search = MessageSearch(terms: terms, standing: standing, sender: sender)
        var rows: [PGRow] = [], strategy = SearchStrategy()
        // What is said meanwhile would move the messages that a step counts off.
        var below = min(before ?? .max, standing.lastSeq + 1)
        while rows.count <= limit {
            let wanted = limit + 1 - rows.count
            guard case .read(let count) = strategy.next(wanted: wanted, older: below - 1) else {
                rows += try await pool.pipeline([
                    MessageSearch.ownPlan, MessageSearch.byIndexOfWords, search.everything(below: below, limit: wanted),
                ])[2]
                break
            }
            let answers = try await pool.pipeline([
                MessageSearch.ownPlan, search.among(count, below: below, limit: wanted),
                search.last(of: count, below: below),
            ])
            rows += answers[1]
            guard let last = try answers[2].first?.get(0, as: Int64.self) else { break }
            strategy.note(answers[1].count, of: count)
            below = last
        }
        return try Self.page(rows, limit: limit)
    }
}

/// The statements of one search.
private struct MessageSearch {
    let terms: String
    let standing: MessageStanding
    let sender: UserID?

    /// Has what follows in the flight be planned for its own values: one plan for all rooms would fit the small ones.
    static let ownPlan: PGQuery = "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)"

    /// Has it collect by the index of words. The planner takes words for cheap to find out, and would rather read a large
    /// room from its end.
    static let byIndexOfWords: PGQuery =
        "SELECT set_config('enable_indexscan', 'off', true), set_config('enable_seqscan', 'off', true)"

    private var table: PGQuery { PGQuery(unescaped: standing.isArchived ? "all_messages" : "messages") }

    private var words: PGQuery { "search_words(m.content) @@ to_tsquery('pg_catalog.simple', \(terms))" }

    /// The messages that are searched, without regard to words.
    private func scope(below seq: Int64) -> PGQuery {
        let scope: PGQuery = "FROM \(table) m WHERE m.room_id = \(standing.room.id) AND m.seq < \(seq)"
        guard let sender else { return scope }
        return scope + " AND m.user_id = \(sender)"
    }

    func everything(below seq: Int64, limit: Int) -> PGQuery {
        select(from: "SELECT m.* \(scope(below: seq)) AND \(words)", limit: limit)
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
