import Auth
import HTTPSupport
import Hummingbird
import Identifiers

/// What members read of a room: history, timeline, search.
struct TimelineController: Sendable {
    static let maxTimelinePage = 1000

    let timeline: Timeline
    let limiter: RateLimiter
    let searchLimit: RateLimit

    func add(to group: RouterGroup<AppContext>) {
        group.get("rooms/:room/messages", use: history)
        group.get("messages/rooms/:room", use: history)
        group.get("chat/room/:room/messages", use: history)
        group.get("rooms/:room/timeline", use: entries)
        group.get("rooms/:room/messages/search", use: search)
    }

    @Sendable func history(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let standing = try await timeline.reader(user, of: try context.roomReference())
        let query = Query(request)
        let window = try Self.window(query)
        let page = try await timeline.store.history(of: standing, window, limit: try query.limit())
        let reactions = try await timeline.store.reactions(
            to: page.messages.map(\.id), in: standing.room.id, seenBy: user)
        return try .messages(page.messages, reactions: reactions, next: Self.next(page, window))
    }

    @Sendable func entries(_ request: Request, _ context: AppContext) async throws -> Response {
        let standing = try await timeline.reader(try context.identity.userID, of: try context.roomReference())
        let query = Query(request)
        let limit = try query.limit(maximum: Self.maxTimelinePage)
        let cursor = try ListCursor.read(query, of: .timeline)
        let after = try cursor?.seq ?? query.int64("after") ?? 0
        let rows = try await timeline.store.timeline(
            of: standing.room, after: after, limit: limit + 1, isArchived: standing.isArchived)
        let shown = rows.prefix(limit)
        let next = rows.count > limit ? shown.last?.seq : nil
        return try .page(shown, next: next.map { ListCursor(list: .timeline, direction: .after, seq: $0) }) {
            $0.entry($1)
        }
    }

    @Sendable func search(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let standing = try await timeline.reader(user, of: try context.roomReference())
        let query = Query(request)
        guard let text = try query.string("q"), !text.unicodeScalars.allSatisfy(\.properties.isWhitespace) else {
            throw Problem.invalid("q", "is required")
        }
        if text.unicodeScalars.count > 500 { throw Problem.invalid("q", "must have at most 500 characters") }
        let sender: UserID? = try query.id("from")
        let cursor = try ListCursor.read(query, of: .search)
        let limit = try query.limit()
        try await context.limit(limiter, searchLimit, subject: user.description)
        let page = try await timeline.store.search(
            SearchQuery(text), in: standing, from: sender, before: cursor?.seq, limit: limit)
        let reactions = try await timeline.store.reactions(
            to: page.messages.map(\.id), in: standing.room.id, seenBy: user)
        return try .messages(
            page.messages, reactions: reactions,
            next: page.below.map { ListCursor(list: .search, direction: .before, seq: $0) })
    }

    /// A cursor carries on where a page ended, whatever the other parameters say.
    private static func window(_ query: Query) throws -> HistoryWindow {
        let (before, after, around) = (
            try query.int64("before"), try query.int64("after"), try query.int64("around")
        )
        if let cursor = try ListCursor.read(query, of: .history) {
            return cursor.direction == .before ? .before(cursor.seq) : .after(cursor.seq)
        }
        switch (before, after, around) {
        case (nil, nil, nil): return .newest
        case (let seq?, nil, nil): return .before(seq)
        case (nil, let seq?, nil): return .after(seq)
        case (nil, nil, let seq?): return .around(seq)
        default: throw Problem.invalid("before", "excludes after and around")
        }
    }

    private static func next(_ page: MessagePage, _ window: HistoryWindow) -> ListCursor? {
        guard page.hasMore else { return nil }
        if case .after = window {
            return page.messages.first.map { ListCursor(list: .history, direction: .after, seq: $0.seq) }
        }
        return page.messages.last.map { ListCursor(list: .history, direction: .before, seq: $0.seq) }
    }
}
