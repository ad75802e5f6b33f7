import Events
import HTTPSupport
import Hummingbird
import Identifiers

/// The list of rooms that anybody may find.
struct DiscoveryController: Sendable {
    let store: RoomStore
    let limiter: RateLimiter
    let searchLimit: RateLimit

    func add(to routes: RouterGroup<AppContext>) { routes.get("rooms/discover", use: discover) }

    @Sendable private func discover(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let query = Query(request)
        var search = Discovery()
        search.sort = try query.choice("sort") ?? .activity
        search.isActive = try query.bool("active") ?? true
        search.kind = try query.choice("kind")
        search.type = try query.choice("type")
        if let type = search.type, !type.isListed {
            throw Problem.invalid("type", "must be public, genre or artist")
        }
        search.genre = try query.string("genre")
        let limit = try query.limit()
        let position = try query.cursor(as: Discovery.Position.self)
        if let position, !search.fits(position) { throw Problem(.invalidCursor) }
        if let text = try query.string("q") {
            try await context.limit(limiter, searchLimit, subject: caller.userID.description)
            // A text without a word in it finds nothing, rather than everything.
            guard let words = SearchWords.query(text) else {
                return try .json(Page<RoomView>(items: [], nextCursor: nil))
            }
            search.words = words
        }
        let page = try await store.discover(search, after: position, limit: limit)
        return try .json(
            Page(items: page.rooms.map(store.views.preview), nextCursor: try page.position.map(Cursor.encode)))
    }
}
