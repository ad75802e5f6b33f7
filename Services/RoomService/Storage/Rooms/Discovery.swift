import EventBus
import Events
import Identifiers
import Postgres

/// A search among the listed rooms.
struct Discovery: Sendable {
    enum Sort: String, CaseIterable, Sendable { case activity, members, newest, name }

    /// The place of a room in one of the orders; only the field of its own order is set.
    struct Position: Codable, Sendable {
        var sort: String
        var time: Timestamp?
        var count: Int32?
        var name: String?
        var id: RoomID
    }

    var words: String?
    var type: RoomType?
    var genre: String?
    var kind: RoomKind?
    var isActive = true
    var sort: Sort = .activity

    /// The filters are spelled out and not bound, so that the planner sees how rare each is; only what people type is a
    /// parameter.
    func query(after position: Position?, limit: Int) -> PGQuery {
        var query: PGQuery = """
            SELECT \(Room.columns) FROM rooms r WHERE r.type IN ('public', 'genre', 'artist')
                AND r.is_active = \(unescaped: isActive ? "true" : "false")
            """
        if let type { query += " AND r.type = '\(unescaped: type.rawValue)'" }
        if let kind { query += " AND r.kind = '\(unescaped: kind.rawValue)'" }
        if let genre { query += " AND r.genre_key = \(TextRules.key(TextRules.trim(genre)))" }
        if let words { query += " AND r.words @@ \(words)::tsquery" }
        if let position { query += Self.rest(after: position, in: sort) }
        return query + " ORDER BY \(unescaped: Self.order(sort)) LIMIT \(limit)"
    }

    func position(of room: Room) -> Position {
        var position = Position(sort: sort.rawValue, id: room.id)
        switch sort {
        case .activity: position.time = room.lastActivityAt
        case .members: position.count = Int32(clamping: room.memberCount)
        case .newest: position.time = room.createdAt
        case .name: position.name = room.nameKey
        }
        return position
    }

    /// Whether a position came from this order.
    func fits(_ position: Position) -> Bool {
        guard position.sort == sort.rawValue else { return false }
        return switch sort {
        case .activity, .newest: position.time != nil
        case .members: position.count != nil
        // What no name has the database would not take either.
        case .name: position.name.map { !$0.unicodeScalars.contains(where: TextRules.isControl) } ?? false
        }
    }

    private static func order(_ sort: Sort) -> String {
        switch sort {
        case .activity: "r.last_activity_at DESC, r.id DESC"
        case .members: "r.member_count DESC, r.id DESC"
        case .newest: "r.created_at DESC, r.id DESC"
        case .name: "r.name_key, r.id"
        }
    }

    private static func rest(after position: Position, in sort: Sort) -> PGQuery {
        switch sort {
        case .activity: " AND (r.last_activity_at, r.id) < (\(position.time), \(position.id))"
        case .members: " AND (r.member_count, r.id) < (\(position.count), \(position.id))"
        case .newest: " AND (r.created_at, r.id) < (\(position.time), \(position.id))"
        case .name: " AND (r.name_key, r.id) > (\(position.name) COLLATE \"C\", \(position.id))"
        }
    }
}

extension RoomStore {
    func discover(_ discovery: Discovery, after position: Discovery.Position?, limit: Int) async throws -> [Room] {
        try await pool.query(discovery.query(after: position, limit: limit)).map(Room.init(row:))
    }
}
