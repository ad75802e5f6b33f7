import EventBus
import Foundation
import Identifiers
import Postgres

/// The audit logs of rooms. The table refuses changes and deletions by itself.
enum AuditTable {
    private static let columns: PGQuery = """
        a.number, a.id, a.actor_id, a.action, a.target_id, a.reason, a.at, a.hash, a.previous_hash
        """

    /// Appends to the chain. The caller holds the room's lock, so that no two write the same number.
    static func append(_ entries: [AuditEntry], to room: RoomID, in transaction: PGTransaction) async throws {
        guard !entries.isEmpty else { return }
        let last = try await transaction.query(
            "SELECT \(columns) FROM audit a WHERE a.room_id = \(room) ORDER BY a.number DESC LIMIT 1"
        ).first.map(AuditEntry.init(row:))
        var previous = last?.hash ?? AuditChain.root
        var number = last?.number ?? 0
        for var entry in entries {
            number += 1
            entry.number = number
            let linked = AuditChain.link(entry, after: previous, in: room)
            previous = linked.hash
            try transaction.executeLater(
                """
                INSERT INTO audit (room_id, number, id, actor_id, action, target_id, reason, at, hash, previous_hash)
                VALUES (\(room), \(number), \(linked.id), \(linked.actorID), \(linked.action), \(linked.targetID),
                    \(linked.reason), \(linked.at), \(linked.hash), \(linked.previousHash))
                """)
        }
        try transaction.executeLater("UPDATE rooms SET audit_head = \(number) WHERE id = \(room)")
    }

    /// Newest first.
    static func page(of room: RoomID, before number: Int64?, limit: Int, in pool: PGPool) async throws -> [AuditEntry] {
        try await pool.query(
            """
            SELECT \(columns) FROM audit a WHERE a.room_id = \(room) AND a.number < \(number ?? Int64.max)
            ORDER BY a.number DESC LIMIT \(limit)
            """
        ).map(AuditEntry.init(row:))
    }

    struct Verdict: Sendable, Equatable {
        var isValid: Bool
        var count: Int64
        var firstBroken: UUID?
    }

    /// Follows the whole chain, a thousand entries at a time.
    static func verify(_ room: RoomID, in pool: PGPool) async throws -> Verdict {
        var chain = AuditChain.Verification(room: room)
        let head = try await pool.query("SELECT audit_head FROM rooms WHERE id = \(room)").first?.get(0, as: Int64.self)
        var last: Int64 = -1
        while true {
            let entries = try await pool.query(
                """
                SELECT \(columns) FROM audit a WHERE a.room_id = \(room) AND a.number > \(last)
                    AND a.number <= \(head ?? 0)
                ORDER BY a.number LIMIT 1000
                """
            ).map(AuditEntry.init(row:))
            guard let newest = entries.last else { break }
            for entry in entries { chain.follow(entry) }
            last = newest.number
        }
        // Entries cut off at the end break no link; the room remembers how many there were.
        let isComplete = chain.count == head ?? 0
        return Verdict(
            isValid: chain.firstBroken == nil && isComplete, count: chain.count, firstBroken: chain.firstBroken)
    }
}

extension AuditEntry {
    init(row: PGRow) throws {
        var reader = RowReader(row)
        self.init(
            number: try reader.next(), id: try reader.next(), actorID: try reader.next(), action: try reader.next(),
            targetID: try reader.next(), reason: try reader.next(), at: try reader.next(), hash: try reader.next(),
            previousHash: try reader.next())
    }
}
