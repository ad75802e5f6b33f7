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
        var statement = Self.select(standing)
        statement += """
            WHERE m.room_id = \(standing.room.id) AND m.seq < \(before ?? .max)
            AND search_words(m.content) @@ to_tsquery('pg_catalog.simple', \(terms))
            """
        if let sender { statement += " AND m.user_id = \(sender)" }
        // How rare the words are decides the plan: one made for any words would read a large room from its end.
        let rows = try await pool.pipeline([
            "SELECT set_config('plan_cache_mode', 'force_custom_plan', true)",
            statement + " ORDER BY m.seq DESC LIMIT \(limit + 1)",
        ])
        return try Self.page(rows[1], limit: limit)
    }
}
