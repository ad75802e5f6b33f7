import EventBus
import Events
import Identifiers
import Postgres

/// What happened to rooms, as other services read it.
enum FactTable {
    static func append(_ facts: [RoomFact], to room: RoomID, in transaction: PGTransaction) async throws {
        guard !facts.isEmpty else { return }
        try transaction.executeLater(
            """
            INSERT INTO facts (room_id, fact, body)
            SELECT \(room), * FROM unnest(\(facts.map(\.fact)), \(facts.map { PGJSON($0) }))
            """)
    }

    /// Facts after `number`, oldest first.
    static func read(of room: RoomID, after number: Int64, limit: Int, in pool: PGPool) async throws -> [RoomFact] {
        let rows = try await pool.query(
            """
            SELECT body FROM facts WHERE room_id = \(room) AND fact > \(number) ORDER BY fact LIMIT \(limit)
            """)
        return try rows.map { try $0.get(0, as: PGJSON<RoomFact>.self).value }
    }
}
