internal import Foundation
internal import Identifiers
internal import Postgres

/// The outbox's SQL.
///
/// A row with an owner is about to be published by that process; one without belongs to the relay, whichever instance
/// runs it.
struct OutboxStore: Sendable {
    let pool: PGPool
    /// Drawn anew by each process.
    let owner: Int64

    /// What a leftover row's age and number say.
    struct Status: Sendable {
        /// At most `limit`; counting more would cost what it measures.
        var size: Int
        /// Of the oldest row of anybody.
        var lag: Double
        /// Of the oldest row of this process.
        var ownLag: Double

        static let limit = 10_000
    }

    /// The name of the advisory lock that says that an owner lives.
    static func lockName(of owner: Int64) -> String { "outbox \(owner)" }

    func insert(_ events: [StoredEvent], isOwner: Bool) -> PGQuery {
        let owner = isOwner ? owner : nil
        let head: PGQuery = """
            INSERT INTO outbox (event_id, owner, routing_key, type, is_mandatory, request_id, traceparent, occurred_at, body)
            """
        if events.count == 1, let event = events.first {
            let values: PGQuery = """
                 VALUES (\(event.id), \(owner), \(event.routingKey), \(event.type), \(event.isMandatory),
                        \(event.requestID), \(event.traceparent), \(event.timestamp), \(event.body))
                """
            return head + values
        }
        let values: PGQuery = """
             SELECT id, \(owner), routing_key, type, is_mandatory, request_id, traceparent, occurred_at, body
            FROM unnest(\(events.map(\.id)), \(events.map(\.routingKey)), \(events.map(\.type)),
                        \(events.map(\.isMandatory)), \(events.map(\.requestID)), \(events.map(\.traceparent)),
                        \(events.map(\.timestamp)), \(events.map { Data($0.body) }))
                 WITH ORDINALITY
                 AS event (id, routing_key, type, is_mandatory, request_id, traceparent, occurred_at, body, n)
            ORDER BY n
            """
        return head + values
    }

    // MARK: - The relay's rows

    /// Rows that the relay may publish now. Whoever owns an older row of the same room publishes that one first, or leaves it
    /// too: nothing overtakes it.
    private static let due = PGQuery(
        unescaped: """
            FROM outbox LEFT JOIN (
                SELECT split_part(routing_key, '.', 3) AS room, min(id) AS first FROM outbox
                WHERE owner IS NOT NULL AND split_part(routing_key, '.', 3) <> '-' GROUP BY 1
            ) AS owned ON owned.room = split_part(outbox.routing_key, '.', 3)
            WHERE owner IS NULL AND due_at <= now() AND (owned.first IS NULL OR id < owned.first)
            """)

    private static let isDue = PGQuery(unescaped: "owner IS NULL AND due_at <= now()")

    /// The oldest, in order.
    func page(limit: Int) async throws -> [StoredEvent] {
        try await pool.query(
            """
            SELECT event_id, routing_key, type, is_mandatory, request_id, traceparent, occurred_at, body
            \(Self.due) ORDER BY id LIMIT \(limit)
            """
        ).map { row in
            let (id, routingKey, type, isMandatory, requestID, traceparent, timestamp, body) = try row.decode(
                (EventID, String, String, Bool, String?, String?, Timestamp, [UInt8]).self)
            return StoredEvent(
                id: id, routingKey: routingKey, type: type, isMandatory: isMandatory, requestID: requestID,
                traceparent: traceparent, timestamp: timestamp, body: body)
        }
    }

    /// How many wait, counted up to `limit`, and the number of the last counted.
    func waiting(limit: Int) async throws -> (count: Int, last: Int64) {
        let row = try await pool.query(
            """
            SELECT count(*), coalesce(max(id), 0)
            FROM (SELECT id FROM outbox WHERE \(Self.isDue) ORDER BY id LIMIT \(limit)) AS waiting
            """)[0]
        return (try row.get(0, as: Int.self), try row.get(1, as: Int64.self))
    }

    /// Whether any is left of what this process does not keep waiting itself.
    func isWaiting(upTo id: Int64) async throws -> Bool {
        try await pool.query(
            """
            SELECT EXISTS (
                SELECT FROM outbox AS waiting WHERE \(Self.isDue) AND id <= \(id) AND NOT EXISTS (
                    SELECT FROM outbox AS held WHERE held.owner = \(owner) AND held.id < waiting.id
                    AND split_part(held.routing_key, '.', 3) = split_part(waiting.routing_key, '.', 3)))
            """)[0].get(0)
    }

    /// Leaves to the relay what this process will not publish, and says what that is.
    func disown(except kept: [EventID]) async throws -> Set<EventID> {
        Set(
            try await pool.query(
                """
                UPDATE outbox SET owner = NULL WHERE owner = \(owner) AND event_id <> ALL(\(kept)) RETURNING event_id
                """
            ).map { try $0.get(0, as: EventID.self) })
    }

    /// The same, for rows whose commit or deletion got lost on the way.
    func disown(olderThan age: Duration) async throws -> Set<EventID> {
        Set(
            try await pool.query(
                """
                UPDATE outbox SET owner = NULL
                WHERE owner = \(owner) AND created_at < now() - \(age.wholeMilliseconds) * interval '1 millisecond'
                RETURNING event_id
                """
            ).map { try $0.get(0, as: EventID.self) })
    }

    /// The same, for owners that live no more; returns how many rows they left.
    func disownTheDead() async throws -> Int {
        // A loose index scan: the table may be large just when this matters.
        let owners = try await pool.query(
            """
            WITH RECURSIVE owners (owner) AS (
                SELECT min(owner) FROM outbox
                UNION ALL
                SELECT (SELECT min(outbox.owner) FROM outbox WHERE outbox.owner > owners.owner)
                FROM owners WHERE owners.owner IS NOT NULL)
            SELECT owner FROM owners WHERE owner IS NOT NULL AND owner <> \(owner)
            """
        ).map { try $0.get(0, as: Int64.self) }
        var left = 0
        for other in owners {
            left += try await pool.transaction { tx in
                let lock = "lead " + Self.lockName(of: other)
                let isDead = try await tx.query(
                    "SELECT pg_try_advisory_xact_lock(hashtextextended(\(lock), 0))"
                )[0].get(0, as: Bool.self)
                guard isDead else { return 0 }
                return try await tx.execute("UPDATE outbox SET owner = NULL WHERE owner = \(other)")
            }
        }
        return left
    }

    /// Puts off what found no queue: again after as long as it has waited already, half a minute at most.
    func putOff(_ ids: [EventID]) async throws {
        try await pool.execute(
            """
            UPDATE outbox SET owner = NULL,
                due_at = now() + least(greatest(now() - created_at, interval '1 second'), interval '30 seconds')
            WHERE event_id = ANY(\(ids))
            """)
    }

    // MARK: - Everybody's

    /// Not awaited by any caller and harmless to lose (the event is published once more), so it waits for no disk.
    func delete(_ ids: [EventID]) async throws {
        try await pool.pipeline([
            // Not SET LOCAL: the server would note a warning of it in its log each time.
            "SELECT set_config('synchronous_commit', 'off', true)", "DELETE FROM outbox WHERE event_id = ANY(\(ids))",
        ])
    }

    func status() async throws -> Status {
        let row = try await pool.query(
            """
            SELECT (SELECT count(*) FROM (SELECT 1 FROM outbox LIMIT \(Status.limit)) AS counted),
                   coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at)
                             FROM outbox ORDER BY id LIMIT 1), 0)::float8,
                   coalesce((SELECT extract(epoch FROM clock_timestamp() - created_at)
                             FROM outbox WHERE owner = \(owner) ORDER BY id LIMIT 1), 0)::float8
            """)[0]
        let (size, lag, ownLag) = try row.decode((Int, Double, Double).self)
        return Status(size: size, lag: lag, ownLag: ownLag)
    }
}
