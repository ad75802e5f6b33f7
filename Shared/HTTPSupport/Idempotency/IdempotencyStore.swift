import Foundation
import Identifiers
public import Postgres

/// Idempotency keys and the first answers they got, in the service's own schema.
struct IdempotencyStore: Sendable {
    struct Claim: Sendable {
        var userID: UUID
        var method: String
        var path: String
        var key: String
        var bodyHash: [UInt8]
    }

    /// A key that is being worked on.
    struct Held: Sendable {
        /// Names this attempt.
        var token: UUID
        /// Names the request through all its attempts, whoever died over the first.
        var operation: UUID
    }

    enum Outcome {
        /// The key is ours until an answer is kept, `giveBack` or `release`, or for a minute if we die.
        case claimed(Held)
        case replay(StoredAnswer)
        case mismatch
        case inFlight
    }

    let pool: PGPool

    func claim(_ claim: Claim) async throws -> Outcome {
        let token = UUID()
        // Takes over a key whose owner died (its lease passed) or whose answer is older than a day. What the dead one
        // may have begun under its operation goes on under the same; with another body it would be another request.
        let taken = try await pool.query(
            """
            INSERT INTO idempotency_keys AS held
                (user_id, method, path, key, body_hash, token, operation, leased_until, created_at)
            VALUES (\(claim.userID), \(claim.method), \(claim.path), \(claim.key), \(claim.bodyHash), \(token),
                \(UUID.v7()), now() + interval '60 seconds', now())
            ON CONFLICT (user_id, method, path, key) DO UPDATE
                SET body_hash = excluded.body_hash, token = excluded.token, leased_until = excluded.leased_until,
                    operation = CASE WHEN held.created_at < now() - interval '24 hours' THEN excluded.operation
                        ELSE held.operation END,
                    created_at = excluded.created_at, status = NULL, headers = NULL, body = NULL
                WHERE (held.status IS NULL AND held.leased_until < now() AND held.body_hash = excluded.body_hash)
                    OR held.created_at < now() - interval '24 hours'
            RETURNING operation
            """)
        if let row = taken.first { return .claimed(Held(token: token, operation: try row.get(0))) }
        let rows = try await pool.query(
            """
            SELECT body_hash = \(claim.bodyHash), status, headers, body FROM idempotency_keys
            WHERE user_id = \(claim.userID) AND method = \(claim.method) AND path = \(claim.path)
                AND key = \(claim.key)
            """)
        // Released between the two statements: the caller may simply try again.
        guard let row = rows.first else { return .inFlight }
        let (isSame, status, headers, body) = try row.decode(
            (Bool, Int32?, PGJSON<[String: String]>?, [UInt8]?).self)
        guard isSame else { return .mismatch }
        guard let status else { return .inFlight }
        return .replay(StoredAnswer(status: Int(status), headers: headers?.value ?? [:], body: body ?? []))
    }

    /// Keeps the answer of an attempt; touches one row while the key is that attempt's.
    static func keep(_ answer: StoredAnswer, of token: UUID) -> PGQuery {
        """
        UPDATE idempotency_keys
        SET status = \(Int32(answer.status)), headers = \(PGJSON(answer.headers)), body = \(answer.body)
        WHERE token = \(token) AND status IS NULL
        """
    }

    /// After a refusal: nothing happened, and the key is free.
    func release(_ token: UUID) async throws {
        try await pool.execute("DELETE FROM idempotency_keys WHERE token = \(token) AND status IS NULL")
    }

    /// After a fault: something may have happened, and the next attempt finds out.
    func giveBack(_ token: UUID) async throws {
        try await pool.execute(
            "UPDATE idempotency_keys SET leased_until = now() WHERE token = \(token) AND status IS NULL")
    }
}

/// The table of idempotency keys; a service that takes keys puts it before its own migrations.
public enum IdempotencySchema {
    public static let migrations = [
        Migration(
            name: "idempotency-0001_keys",
            sql: """
                CREATE TABLE idempotency_keys (
                    user_id uuid NOT NULL,
                    method text NOT NULL,
                    path text NOT NULL,
                    key text NOT NULL,
                    body_hash bytea NOT NULL,
                    token uuid NOT NULL UNIQUE,
                    leased_until timestamptz NOT NULL,
                    created_at timestamptz NOT NULL,
                    status integer,
                    headers jsonb,
                    body bytea,
                    PRIMARY KEY (user_id, method, path, key)
                );
                CREATE INDEX idempotency_keys_created ON idempotency_keys (created_at);
                """),
        Migration(
            name: "idempotency-0002_operation",
            sql: "ALTER TABLE idempotency_keys ADD COLUMN operation uuid NOT NULL DEFAULT gen_random_uuid();"),
    ]

    /// Deletes up to `limit` keys that no replay can need any more; returns how many there were.
    public static func purge(_ pool: PGPool, limit: Int = 1000) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM idempotency_keys WHERE token IN (
                SELECT token FROM idempotency_keys WHERE created_at < now() - interval '24 hours'
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }
}
