import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// The place of a session in a list.
    struct SessionPosition: Codable, Sendable {
        var at: Timestamp
        var id: SessionID
    }

    /// Live sessions that the reader may see, newest first: listed ones, and those of their own rooms.
    func activeSessions(
        for reader: UserID, genre: String?, after position: SessionPosition?, limit: Int
    ) async throws -> [SessionSnapshot] {
        var filter: PGQuery = "s.ended_at IS NULL"
        if let genre { filter += " AND s.genre_key = \(TextRules.key(TextRules.trim(genre)))" }
        if let position { filter += " AND (s.created_at, s.id) < (\(position.at), \(position.id))" }
        return try await sessions(filter, by: "created_at", for: reader, limit: limit)
    }

    /// Sessions that are over, the one that ended last first.
    func endedSessions(
        for reader: UserID, after position: SessionPosition?, limit: Int
    ) async throws -> [SessionSnapshot] {
        var filter: PGQuery = "s.ended_at IS NOT NULL"
        if let position { filter += " AND (s.ended_at, s.id) < (\(position.at), \(position.id))" }
        return try await sessions(filter, by: "ended_at", for: reader, limit: limit)
    }

    /// Each half is read in the list's order, so that a page costs a page, however many sessions there were.
    private func sessions(
        _ filter: PGQuery, by time: String, for reader: UserID, limit: Int
    ) async throws -> [SessionSnapshot] {
        let order: PGQuery = "s.\(unescaped: time) DESC, s.id DESC"
        let ids = try await pool.query(
            """
            SELECT s.id FROM (
                (SELECT s.id, s.\(unescaped: time) FROM sessions s JOIN rooms r ON r.id = s.room_id
                 WHERE NOT s.is_private AND r.type IN ('public', 'genre', 'artist') AND \(filter)
                 ORDER BY \(order) LIMIT \(limit))
                UNION
                (SELECT s.id, s.\(unescaped: time) FROM members m CROSS JOIN LATERAL (
                    SELECT * FROM sessions s WHERE s.room_id = m.room_id AND \(filter) ORDER BY \(order) LIMIT \(limit)) s
                 WHERE m.user_id = \(reader) ORDER BY \(order) LIMIT \(limit))
            ) s ORDER BY \(order) LIMIT \(limit)
            """
        ).map { try $0.get(0, as: SessionID.self) }
        let rows = try await pool.query(
            SessionSnapshot.query("s.id = ANY(\(ids))", for: reader, seated: .lastSeen, hasQueue: false))
        let found = try SessionSnapshot.read(rows, for: reader, hasQueue: false)
        let byID = Dictionary(found.map { ($0.view.id, $0) }) { first, _ in first }
        return ids.compactMap { byID[$0] }
    }

    // MARK: - What the broker has not been told

    /// Sessions that changed a while ago and were not told of, because their instance died or the broker was away.
    func untoldSessions(limit: Int) async throws -> [SessionID] {
        try await pool.query(
            """
            SELECT id FROM sessions WHERE told_version < version AND changed_at < clock_timestamp() - interval '500 milliseconds'
            ORDER BY changed_at LIMIT \(limit)
            """
        ).map { try $0.get(0) }
    }

    /// The rooms of sessions.
    func rooms(of sessions: [SessionID]) async throws -> [SessionID: RoomRef] {
        let rows = try await pool.query(
            """
            SELECT s.id, r.id, r.code FROM sessions s JOIN rooms r ON r.id = s.room_id WHERE s.id = ANY(\(sessions))
            """
        ).map { try $0.decode((SessionID, RoomID, RoomCode).self) }
        return Dictionary(rows.map { ($0.0, RoomRef(id: $0.1, code: $0.2)) }) { first, _ in first }
    }

    func noteTold(_ versions: [SessionID: Int64]) async throws {
        let sorted = versions.sorted { $0.key < $1.key }
        try await pool.execute(
            """
            UPDATE sessions s SET told_version = GREATEST(s.told_version, n.version)
            FROM unnest(\(sorted.map(\.key)), \(sorted.map(\.value))) AS n (id, version) WHERE s.id = n.id
            """)
    }
}
