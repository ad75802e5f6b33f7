internal import Events
internal import HTTPSupport
internal import Hummingbird
internal import Identifiers

/// What other services ask: the notifications a status socket begins with.
struct InternalController: Sendable {
    let inbox: InboxStore

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("/internal/users/:id/notifications/unread", use: unread)
    }

    @Sendable private func unread(_ request: Request, _ context: AppContext) async throws -> Response {
        let user: UserID = try context.id("id", orElse: .userNotFound)
        let query = Query(request)
        let reader = Reader(userID: user, email: try query.string("email")?.lowercased())
        let items = try await inbox.list(reader, unreadOnly: true, before: nil, limit: try query.limit())
        return try .json(InternalAPI.UnreadNotifications(items: items))
    }
}
