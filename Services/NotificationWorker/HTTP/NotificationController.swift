internal import Auth
internal import Events
internal import HTTPSupport
internal import Hummingbird
internal import Identifiers

/// `/notifications`: what somebody was told, and whether they have seen it.
struct NotificationController: Sendable {
    let inbox: InboxStore

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("/notifications", use: list)
        routes.post("/notifications/read-all", use: readAll)
        routes.post("/notifications/:id/read", use: read)
    }

    @Sendable private func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let query = Query(request)
        let unreadOnly = try query.bool("unread") ?? false
        let limit = try query.limit()
        let position = try query.cursor(as: ListPosition.self)
        return try .json(
            try await page(Reader(context.identity), unreadOnly: unreadOnly, before: position?.id, limit: limit))
    }

    @Sendable private func read(_ request: Request, _ context: AppContext) async throws -> Response {
        let reader = Reader(try context.identity)
        let id: NotificationID = try context.id("id", orElse: .notificationNotFound)
        try await request.noFields(context)
        guard let notification = try await inbox.markRead(id, reader) else { throw Problem(.notificationNotFound) }
        return try .json(notification)
    }

    /// Answers the list as it then stands.
    @Sendable private func readAll(_ request: Request, _ context: AppContext) async throws -> Response {
        let reader = Reader(try context.identity)
        try await request.noFields(context)
        _ = try await inbox.markAllRead(reader)
        return try .json(try await page(reader, unreadOnly: false, before: nil, limit: 50))
    }

    private func page(_ reader: Reader, unreadOnly: Bool, before: NotificationID?, limit: Int) async throws
        -> NotificationPage
    {
        let found = try await inbox.list(reader, unreadOnly: unreadOnly, before: before, limit: limit + 1)
        let items = Array(found.prefix(limit))
        return NotificationPage(
            items: items,
            nextCursor: found.count > limit ? try items.last.map { try Cursor.encode(ListPosition(id: $0.id)) } : nil,
            unreadCount: try await inbox.unreadCount(reader))
    }
}

/// Where a page of notifications ends.
private struct ListPosition: Codable {
    var id: NotificationID
}

/// `GET /notifications`.
struct NotificationPage: Encodable, Sendable {
    var items: [NotificationView]
    @Nullable var nextCursor: String?
    var unreadCount: Int
}

extension Reader {
    init(_ identity: Identity) {
        self.init(userID: identity.userID, email: identity.verifiedEmail)
    }
}
