import Events
import HTTPSupport
import Hummingbird
import Identifiers

/// What other services ask, for `INTERNAL_TOKEN`.
struct InternalController: Sendable {
    let timeline: Timeline
    let recent: RecentMessages
    let desk: CommandDesk

    func add(to group: RouterGroup<AppContext>) {
        group.get("internal/rooms/:room/timeline", use: entries)
        group.get("internal/rooms/:room/live", use: live)
        group.get("internal/rooms/:room/summary", use: summary)
        group.get("internal/rooms/:room/messages/:message", use: find)
        group.post("internal/rooms/:room/facts", use: catchUp)
        group.delete("internal/rooms/:room", use: forget)
        group.put("internal/rooms/:room/read/:user", use: markRead)
        group.post("internal/rooms/heads", use: heads)
        group.post("internal/commands", use: commands)
    }

    @Sendable func entries(_ request: Request, _ context: AppContext) async throws -> Response {
        let room = try roomID(context)
        guard let head = try await timeline.store.head(of: room) else { throw Refusal.roomNotFound }
        let query = Query(request)
        let rows = try await timeline.store.timeline(
            of: head.room, after: try query.int64("after") ?? 0, limit: try query.limit(default: 500, maximum: 5000),
            isArchived: head.isArchived)
        var json = JSONWriter(reserving: 64 + 512 * rows.count)
        json.raw("{\"head\":")
        // What was read after the head may be further than the head was.
        json.integer(max(head.seq, rows.last?.seq ?? 0))
        json.raw(",\"items\":[")
        for (position, row) in rows.enumerated() {
            if position > 0 { json.raw(",") }
            json.entry(row)
        }
        json.raw("]}")
        return .json(bytes: json.bytes)
    }

    /// `?facts=n` waits for nothing: what is missing up to `n` is asked for. `?user=` fills in `me` of reactions.
    @Sendable func live(_ request: Request, _ context: AppContext) async throws -> Response {
        let room = try roomID(context)
        let query = Query(request)
        guard let head = try await timeline.facts.head(of: room, reaching: try query.int64("facts") ?? 0) else {
            throw Refusal.roomNotFound
        }
        // Who goes on where they were is told the entries instead.
        let isResume = try query.int64("after").map { InternalAPI.canResume(after: $0, at: head.seq) } ?? false
        let messages =
            isResume
            ? Array("[]".utf8) : try await recent.json(in: head.room, upTo: head.seq, for: try query.id("user"))
        return .json(bytes: Array("{\"seq\":\(head.seq),\"recent\":".utf8) + messages + Array("}".utf8))
    }

    /// A room of which nothing arrived yet has nothing in its timeline.
    @Sendable func summary(_ request: Request, _ context: AppContext) async throws -> Response {
        let summary = try await timeline.store.summary(of: try roomID(context))
        return try .json(summary ?? InternalAPI.RoomSummary(seq: 0, messageCount: 0, lastMessageAt: nil))
    }

    /// Whether a message, deleted or not, is one of this room.
    @Sendable func find(_ request: Request, _ context: AppContext) async throws -> Response {
        let message: MessageID = try context.id("message", orElse: .messageNotFound)
        guard try await timeline.store.contains(message, in: try roomID(context)) else {
            throw Refusal.messageNotFound
        }
        return .noContent
    }

    /// Makes entries of what the room service has told nobody yet.
    @Sendable func catchUp(_ request: Request, _ context: AppContext) async throws -> Response {
        guard try await timeline.facts.catchUp(.id(try roomID(context))) != .noSuchRoom else {
            throw Refusal.roomNotFound
        }
        return .noContent
    }

    /// Removes all that is kept of a room that its owner has purged.
    @Sendable func forget(_ request: Request, _ context: AppContext) async throws -> Response {
        let room = try roomID(context)
        let code = try await timeline.store.head(of: room)?.room.code
        try await timeline.store.forget(room)
        if let code { await recent.forget(code) }
        return .noContent
    }

    /// Moves somebody's read marker, as `PUT /rooms/{room}/read` does.
    @Sendable func markRead(_ request: Request, _ context: AppContext) async throws -> Response {
        let user: UserID = try context.id("user", orElse: .userNotFound)
        let body = try await request.body(as: ReadBody.self, context)
        let standing = try await timeline.reader(user, of: .id(try roomID(context)))
        try await timeline.store.markRead(body.seq, in: standing.room.id, by: user)
        return .noContent
    }

    @Sendable func heads(_ request: Request, _ context: AppContext) async throws -> Response {
        let body = try await request.body(as: InternalAPI.HeadsRequest.self, context)
        let heads = try await timeline.store.heads(of: body.rooms)
        return try .json(
            InternalAPI.Heads(heads: Dictionary(uniqueKeysWithValues: heads.map { ($0.key.description, $0.value) })))
    }

    @Sendable func commands(_ request: Request, _ context: AppContext) async throws -> Response {
        let batch = try await request.body(as: CommandBatch.self, context)
        return try .json(ReplyBatch(replies: await desk.serve(batch.commands)))
    }

    private func roomID(_ context: AppContext) throws -> RoomID {
        try context.id("room", orElse: .roomNotFound)
    }
}
