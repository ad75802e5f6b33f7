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

    /// As a `tsquery`.
    var words: String?
    var type: RoomType?
    var genre: String?
    var kind: RoomKind?
    var isActive = true
    var sort: Sort = .activity

    /// Listed rooms in the order, without regard to words.
    func query(after position: Position?, limit: Int) -> PGQuery {
        "SELECT \(Room.columns) FROM rooms r WHERE \(listed(after: position))\(filters) ORDER BY \(order) LIMIT \(limit)"
    }

    /// Matches among the next `count` rooms, and the last of those rooms where there are so many. `with_words` counts how
    /// many had the words so far, whatever the filters. What is read in vain is not carried through with all its columns.
    func among(_ count: Int, after position: Position?, words: String, limit: Int) -> PGQuery {
        let next: PGQuery = """
            SELECT r.id, r.type, r.kind, r.last_activity_at, r.member_count, r.created_at, r.name_key,
                r.words @@ \(words)::tsquery AS has_words
            FROM rooms r WHERE \(listed(after: position)) ORDER BY \(order) LIMIT \(count)
            """
        let counted: PGQuery = """
            SELECT r.*, row_number() OVER so_far AS place, count(*) FILTER (WHERE r.has_words) OVER so_far AS with_words
            FROM (\(next)) r WINDOW so_far AS (ORDER BY \(order) ROWS UNBOUNDED PRECEDING)
            """
        return """
            SELECT \(Room.columns), n.matches, n.place = \(count) AS is_last, n.with_words FROM (
                SELECT r.id, r.place, r.with_words, r.has_words\(filters) AS matches FROM (\(counted)) r
                WHERE r.place = \(count) OR r.has_words\(filters) ORDER BY \(order) LIMIT \(limit)
            ) n JOIN rooms r ON r.id = n.id ORDER BY n.place
            """
    }

    /// All matches; or first one that is beyond, where more than `most` listed rooms have the words. That counts whatever
    /// their place and the filters, for each has to be fetched.
    func everything(upTo most: Int, after position: Position?, words: String, limit: Int) -> PGQuery {
        """
        SELECT \(Room.columns), r.place > \(most) AS is_beyond FROM (
            SELECT r.*, row_number() OVER () AS place FROM rooms r
            WHERE \(Self.isListed) AND r.words @@ \(words)::tsquery LIMIT \(most + 1)
        ) r WHERE r.place > \(most) OR \(listed(after: position))\(filters)
        ORDER BY r.place > \(most) DESC, \(order) LIMIT \(limit)
        """
    }

    private static let isListed: PGQuery = "r.type IN ('public', 'genre', 'artist')"

    /// What the indexes of the order are made for. All but what people type is spelled out and not bound, so that the planner
    /// sees how rare it is.
    private func listed(after position: Position?) -> PGQuery {
        var listed: PGQuery = "\(Self.isListed) AND r.is_active = \(unescaped: isActive ? "true" : "false")"
        if let genre { listed += " AND r.genre_key = \(TextRules.key(TextRules.trim(genre)))" }
        if let position { listed += " AND \(Self.isAfter(position, in: sort))" }
        return listed
    }

    private var filters: PGQuery {
        var filters: PGQuery = ""
        if let type { filters += " AND r.type = '\(unescaped: type.rawValue)'" }
        if let kind { filters += " AND r.kind = '\(unescaped: kind.rawValue)'" }
        return filters
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

    private var order: PGQuery {
        switch sort {
        case .activity: "r.last_activity_at DESC, r.id DESC"
        case .members: "r.member_count DESC, r.id DESC"
        case .newest: "r.created_at DESC, r.id DESC"
        case .name: "r.name_key, r.id"
        }
    }

    private static func isAfter(_ position: Position, in sort: Sort) -> PGQuery {
        switch sort {
        case .activity: "(r.last_activity_at, r.id) < (\(position.time), \(position.id))"
        case .members: "(r.member_count, r.id) < (\(position.count), \(position.id))"
        case .newest: "(r.created_at, r.id) < (\(position.time), \(position.id))"
        case .name: "(r.name_key, r.id) > (\(position.name) COLLATE \"C\", \(position.id))"
        }
    }
}
