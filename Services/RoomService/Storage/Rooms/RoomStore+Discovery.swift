import EventBus
import Postgres
import ServiceSupport

struct DiscoveryPage: Sendable {
    var rooms: [Room]
    /// The next page begins after it: what was looked at last, which need not be a room of this page. `nil` at the end.
    var position: Discovery.Position?
}

extension RoomStore {
    static let searchLimits = DiscoveryStrategy.Limits(sample: 300, reading: 6000, collecting: 3500, costOfReading: 0.3)

    func discover(
        _ discovery: Discovery, after position: Discovery.Position?, limit: Int
    ) async throws -> DiscoveryPage {
        if let words = discovery.words { return try await search(discovery, words, after: position, limit: limit) }
        let rooms = try await pool.query(discovery.query(after: position, limit: limit + 1)).map(Room.init(row:))
        return page(of: discovery, rooms, limit: limit)
    }

    /// Each step begins anew: rooms move in their order, and a page of one statement shows none twice.
    private func search(
        _ discovery: Discovery, _ words: String, after position: Discovery.Position?, limit: Int
    ) async throws -> DiscoveryPage {
        var strategy = DiscoveryStrategy(searchLimits)
        var page = DiscoveryPage(rooms: []), listed = 0
        while true {
            switch strategy.next(missing: limit + 1 - page.rooms.count, listed: listed) {
            case .read(let count):
                let rows = try await pool.pipeline([
                    .ownPlan, discovery.among(count, after: position, words: words, limit: limit + 1), Self.listedRooms,
                ])
                let rooms = try rows[1].filter { try $0.get("matches") }.map(Room.init(row:))
                guard rooms.count <= limit, let last = rows[1].last, try last.get("is_last") else {
                    return self.page(of: discovery, rooms, limit: limit)
                }
                page = DiscoveryPage(rooms: rooms, position: discovery.position(of: try Room(row: last)))
                listed = try rows[2].first?.get(0) ?? 0
                strategy.note(found: rooms.count, withWords: try last.get("with_words"), of: count)
            case .collect(let most):
                let rows = try await pool.pipeline([
                    .ownPlan, .collecting,
                    discovery.everything(upTo: most, after: position, words: words, limit: limit + 1),
                ])[2]
                if try rows.first?.get("is_beyond") == true { continue }
                return self.page(of: discovery, try rows.map(Room.init(row:)), limit: limit)
            case .stop:
                return page
            }
        }
    }

    private func page(of discovery: Discovery, _ rooms: [Room], limit: Int) -> DiscoveryPage {
        let shown = Array(rooms.prefix(limit))
        return DiscoveryPage(
            rooms: shown, position: rooms.count > limit ? shown.last.map(discovery.position(of:)) : nil)
    }

    /// About how many rooms are listed, as the database knows by itself.
    private static let listedRooms: PGQuery =
        "SELECT greatest(reltuples, 0)::bigint FROM pg_class WHERE oid = 'rooms_listed_words'::regclass"
}
