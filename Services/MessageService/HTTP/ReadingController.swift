import Auth
import Events
import HTTPSupport
import Hummingbird
import Identifiers

/// Read markers, unread counts and pins.
struct ReadingController: Sendable {
    let timeline: Timeline

    func add(to group: RouterGroup<AppContext>) {
        group.put("rooms/:room/read", use: markRead)
        group.get("messages/unread", use: unread)
        group.get("rooms/:room/pins", use: pins)
        group.put("rooms/:room/pins/:message", use: pin)
        group.delete("rooms/:room/pins/:message", use: unpin)
    }

    @Sendable func markRead(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let body = await PendingBody<ReadBody>(request, context)
        let standing = try await timeline.reader(user, of: try context.roomReference())
        let seq = try body.get().seq
        if seq < 0 { throw Problem.invalid("seq", "must not be negative") }
        try await timeline.store.markRead(seq, in: standing.room.id, by: user)
        return .noContent
    }

    @Sendable func unread(_ request: Request, _ context: AppContext) async throws -> Response {
        let counts = try await timeline.store.unread(of: try context.identity.userID)
        return try .json(UnreadAnswer(items: counts.map(UnreadAnswer.Item.init)))
    }

    @Sendable func pins(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let standing = try await timeline.reader(user, of: try context.roomReference())
        let query = Query(request)
        let limit = try query.limit()
        let cursor = try ListCursor.read(query, of: .pins)
        // There are never more than a page or so: the place in the list is a plain count.
        let all = try await timeline.store.pins(in: standing).dropFirst(Int(clamping: cursor?.seq ?? 0))
        let shown = all.prefix(limit)
        let reactions = try await timeline.store.reactions(
            to: shown.map(\.message.id), in: standing.room.id, seenBy: user)
        let next = all.count > limit ? (cursor?.seq ?? 0) + Int64(limit) : nil
        return try .page(shown, next: next.map { ListCursor(list: .pins, direction: .after, seq: $0) }) { json, pin in
            json.raw("{\"message\":")
            json.message(pin.message, reactions: reactions[pin.message.id] ?? [])
            json.raw(",\"pinnedBy\":")
            json.id(pin.pinnedBy)
            json.raw(",\"pinnedAt\":")
            json.time(pin.pinnedAt)
            json.raw("}")
        }
    }

    @Sendable func pin(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let target = try await context.target(timeline)
        try await timeline.permitted(user, .id(target.room.id)) {
            try await timeline.store.pin(target.id, in: target.room.id, by: user)
        }
        return .noContent
    }

    @Sendable func unpin(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let target = try await context.target(timeline)
        try await timeline.permitted(user, .id(target.room.id)) {
            try await timeline.store.unpin(target.id, in: target.room.id, by: user)
        }
        return .noContent
    }
}

private struct UnreadAnswer: Encodable {
    struct Item: Encodable {
        var roomId: RoomCode
        var unreadCount: Int
        var lastReadSeq: Int64
        var lastSeq: Int64

        init(_ count: UnreadCount) {
            roomId = count.room
            unreadCount = count.unread
            lastReadSeq = count.lastReadSeq
            lastSeq = count.lastSeq
        }
    }

    var items: [Item]
}
