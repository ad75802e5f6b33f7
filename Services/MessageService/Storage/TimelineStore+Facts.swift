import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// How far the facts of a room came.
struct FactProgress: Sendable, Equatable {
    /// The last fact that is an entry now.
    var applied: Int64
    /// The entries this call made, in order.
    var entries: [TimelineEntry]
}

extension TimelineStore {
    /// Makes entries of facts, each once and without holes: what was applied before is passed over, and what comes
    /// after a hole is left alone.
    ///
    /// - Parameter facts: ascending.
    func apply(_ facts: [RoomFact], to room: RoomRef) async throws -> FactProgress {
        let bodies = try facts.map { String(decoding: try WireJSON.encode($0.body), as: UTF8.self) }
        let rows = try await flow.doubting([room.id]) {
            try await pool.query(
                """
                SELECT applied, fact, seq, is_relayed FROM apply_facts(
                    \(room.id), \(room.code.description), \(facts.map(\.fact)), \(facts.map(\.body.type.rawValue)),
                    \(facts.map(\.at)), \(facts.map(\.userId)), \(bodies), \(RequestScope.current?.requestID))
                """)
        }
        let byNumber = Dictionary(facts.map { ($0.fact, $0) }, uniquingKeysWith: { first, _ in first })
        var progress = FactProgress(applied: 0, entries: [])
        for row in rows {
            let (applied, number, seq, isRelayed) = try row.decode((Int64, Int64?, Int64?, Bool).self)
            progress.applied = max(progress.applied, applied)
            if isRelayed, let seq { flow.leaveToRelay(room.id, upTo: seq) }
            if let number, let seq, let fact = byNumber[number] {
                progress.entries.append(TimelineEntry(seq: seq, at: fact.at, userId: fact.userId, body: fact.body))
            }
        }
        return progress
    }

    /// Rooms whose timeline waits for a fact that was never told.
    func roomsWithHoles(limit: Int) async throws -> [RoomID] {
        try await pool.query(
            "SELECT room_id FROM rooms WHERE heard_fact > applied_fact ORDER BY room_id LIMIT \(limit)"
        ).map { try $0.get(0) }
    }
}
