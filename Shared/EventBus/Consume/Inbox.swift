internal import Events
internal import Identifiers
internal import Postgres

/// Which events this consumer has handled.
struct Inbox: Sendable {
    let name: String
    let pool: PGPool

    func handle(_ events: [Event], _ handler: @Sendable ([Event], PGTransaction) async throws -> Void) async throws {
        try await pool.transaction(retries: Self.retries) { tx in
            let fresh = try await note(events, tx)
            if !fresh.isEmpty { try await handler(fresh, tx) }
        }
    }

    func handle(
        _ events: [Event], _ outbox: Outbox,
        _ handler: @Sendable ([Event], PGTransaction, EventSink) async throws -> Void
    ) async throws {
        try await outbox.transaction(retries: Self.retries) { tx, sink in
            let fresh = try await note(events, tx)
            if !fresh.isEmpty { try await handler(fresh, tx, sink) }
        }
    }

    /// Serialization failures are nobody's fault and cost no attempt.
    private static let retries = 5

    /// Notes all as handled; returns those that were not. A twin that is being handled right now is waited for.
    private func note(_ events: [Event], _ tx: PGTransaction) async throws -> [Event] {
        if events.count == 1 {
            let inserted = try await tx.execute(
                "INSERT INTO inbox (consumer, event_id) VALUES (\(name), \(events[0].id)) ON CONFLICT DO NOTHING")
            return inserted == 1 ? events : []
        }
        let rows = try await tx.query(
            """
            INSERT INTO inbox (consumer, event_id)
            SELECT \(name), id FROM unnest(\(events.map(\.id))) AS event (id) ORDER BY id
            ON CONFLICT DO NOTHING RETURNING event_id
            """)
        var fresh = Set(try rows.map { try $0.get(0, as: EventID.self) })
        return events.filter { fresh.remove($0.id) != nil }
    }

    // MARK: - Purge

    /// Longer than any event may lie in a queue, in a retry or with the dead.
    private static let keepDays: Int32 = 7
    private static let purgeBatch = 1000

    /// Removes old rows in small steps, for as long as the consumer runs.
    func purge() async {
        while !Task.isCancelled {
            while let removed = try? await purgeSome(), removed == Self.purgeBatch, !Task.isCancelled {}
            try? await Task.sleep(for: .seconds(600))
        }
    }

    private func purgeSome() async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM inbox WHERE ctid = ANY(ARRAY(
                SELECT ctid FROM inbox
                WHERE consumer = \(name) AND handled_at < now() - make_interval(days => \(Self.keepDays))
                LIMIT \(Self.purgeBatch)))
            """)
    }
}
