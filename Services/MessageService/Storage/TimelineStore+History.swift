import EventBus
import Events
import Identifiers
import Postgres

/// Which messages of a room a page shows.
enum HistoryWindow: Sendable, Equatable {
    case newest
    /// The next older ones.
    case before(Int64)
    /// The next newer ones.
    case after(Int64)
    /// Half of the page older than or at the number, half newer.
    case around(Int64)
}

/// Newest first.
struct MessagePage: Sendable {
    var messages: [StoredMessage]
    /// Whether there is more in the direction of the window; of `around`: whether there is anything older.
    var hasMore: Bool
}

extension TimelineStore {
    /// A page of a room's messages, tombstones among them.
    func history(of standing: MessageStanding, _ window: HistoryWindow, limit: Int) async throws -> MessagePage {
        switch window {
        case .newest: try await older(standing, below: .max, limit: limit)
        case .before(let seq): try await older(standing, below: seq, limit: limit)
        case .after(let seq): try await newer(standing, above: seq, limit: limit)
        case .around(let seq):
            try await around(standing, seq, limit: limit)
        }
    }

    /// Replies to a message, newest first.
    func replies(
        to message: MessageID, in standing: MessageStanding, before: Int64?, limit: Int
    ) async throws -> MessagePage {
        let rows = try await pool.query(
            Self.select(standing)
                + """
                WHERE m.room_id = \(standing.room.id) AND m.parent_id = \(message) AND m.seq < \(before ?? .max)
                ORDER BY m.seq DESC LIMIT \(limit + 1)
                """)
        return try Self.page(rows, limit: limit)
    }

    /// One message, wherever it lies; `nil` when there is none in this room.
    func message(_ id: MessageID, in standing: MessageStanding) async throws -> StoredMessage? {
        let rows = try await pool.read(
            Self.select(standing) + "WHERE m.room_id = \(standing.room.id) AND m.message_id = \(id)")
        return try rows.first.map(StoredMessage.init(row:))
    }

    /// The newest messages of a room up to a number, oldest first: what a new socket begins with.
    func recent(in room: RoomID, upTo seq: Int64, limit: Int) async throws -> [StoredMessage] {
        let rows = try await pool.query(
            """
            SELECT \(StoredMessage.columns) FROM messages m JOIN rooms r ON r.room_id = m.room_id
            WHERE m.room_id = \(room) AND m.seq <= \(seq) ORDER BY m.seq DESC LIMIT \(limit)
            """)
        return try rows.reversed().map(StoredMessage.init(row:))
    }

    private func older(_ standing: MessageStanding, below seq: Int64, limit: Int) async throws -> MessagePage {
        let rows = try await pool.query(
            Self.select(standing)
                + """
                WHERE m.room_id = \(standing.room.id) AND m.seq < \(seq) ORDER BY m.seq DESC LIMIT \(limit + 1)
                """)
        return try Self.page(rows, limit: limit)
    }

    private func newer(_ standing: MessageStanding, above seq: Int64, limit: Int) async throws -> MessagePage {
        let rows = try await pool.query(
            Self.select(standing)
                + """
                WHERE m.room_id = \(standing.room.id) AND m.seq > \(seq) ORDER BY m.seq LIMIT \(limit + 1)
                """)
        var page = try Self.page(rows, limit: limit)
        page.messages.reverse()
        return page
    }

    private func around(_ standing: MessageStanding, _ seq: Int64, limit: Int) async throws -> MessagePage {
        let (past, overflow) = seq.addingReportingOverflow(1)
        let older = try await older(standing, below: overflow ? .max : past, limit: limit - limit / 2)
        guard limit > 1 else { return older }
        let newer = try await newer(standing, above: seq, limit: limit / 2)
        return MessagePage(messages: newer.messages + older.messages, hasMore: older.hasMore)
    }

    /// To be followed by a `WHERE`.
    static func select(_ standing: MessageStanding) -> PGQuery {
        """
        SELECT \(StoredMessage.columns) FROM \(unescaped: standing.isArchived ? "all_messages" : "messages") m
        JOIN rooms r ON r.room_id = m.room_id

        """
    }

    /// - Parameter rows: one more than the page takes, where there is more.
    static func page(_ rows: [PGRow], limit: Int) throws -> MessagePage {
        MessagePage(messages: try rows.prefix(limit).map(StoredMessage.init(row:)), hasMore: rows.count > limit)
    }
}
