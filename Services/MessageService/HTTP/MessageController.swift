import Auth
import Foundation
import HTTPSupport
import Hummingbird
import Identifiers

/// One message: reading, editing, deleting, its replies.
struct MessageController: Sendable {
    let timeline: Timeline

    func add(to group: RouterGroup<AppContext>) {
        group.get("messages/:message", use: show)
        group.put("messages/:message", use: edit)
        group.delete("messages/:message", use: delete)
        group.delete("rooms/:room/messages/:message", use: delete)
        group.get("messages/:message/replies", use: replies)
    }

    @Sendable func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let (id, standing) = try await context.readable(timeline)
        guard let message = try await timeline.store.message(id, in: standing) else { throw Refusal.messageNotFound }
        let reactions = try await timeline.store.reactions(to: [id], in: standing.room.id, seenBy: user)
        return .message(message, reactions: reactions[id] ?? [])
    }

    @Sendable func edit(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let body = await PendingBody<EditBody>(request, context)
        let target = try await context.target(timeline)
        let limits = timeline.limits
        let changed = try await timeline.change(user, target.room, entry: \.appended) { store in
            try await store.edit(target.id, in: target.room.id, by: user) {
                let content = try body.get().content
                if let fault = limits.fault(inContent: content) {
                    throw Refusal.invalid([FieldFault("content", fault)])
                }
                return content
            }
        }
        let reactions = try await timeline.store.reactions(to: [target.id], in: target.room.id, seenBy: user)
        return .message(changed.message, reactions: reactions[target.id] ?? [])
    }

    @Sendable func delete(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let target = try await context.target(timeline)
        _ = try await timeline.change(user, target.room, entry: \.appended) { store in
            try await store.delete(target.id, in: target.room.id, by: user)
        }
        return .noContent
    }

    @Sendable func replies(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let (id, standing) = try await context.readable(timeline)
        let query = Query(request)
        let cursor = try ListCursor.read(query, of: .replies)
        let limit = try query.limit()
        let page = try await timeline.store.replies(to: id, in: standing, before: cursor?.seq, limit: limit)
        let reactions = try await timeline.store.reactions(
            to: page.messages.map(\.id), in: standing.room.id, seenBy: user)
        let next = page.hasMore ? page.messages.last.map { $0.seq } : nil
        return try .messages(
            page.messages, reactions: reactions,
            next: next.map { ListCursor(list: .replies, direction: .before, seq: $0) })
    }
}

/// The message a path names, and the room it must be in.
struct MessageTarget: Sendable {
    var id: MessageID
    var room: RoomRef
}

extension MessageID {
    /// Of no message.
    fileprivate static let nowhere = MessageID(UUID(uuid: (0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)))
}

extension AppContext {
    /// The message a path names, by itself or inside a room. What the caller may do there, and then whether the message
    /// is in that room, is for the change to find out: so what is no id at all names a message that is not there.
    func target(_ timeline: Timeline) async throws -> MessageTarget {
        if parameters.get("room") != nil {
            let room = try await timeline.room(try roomReference())
            return MessageTarget(id: parameters.get("message").flatMap(MessageID.init) ?? .nowhere, room: room)
        }
        let id: MessageID = try id("message", orElse: .messageNotFound)
        return MessageTarget(id: id, room: try await timeline.room(of: id))
    }

    /// A message of a room that the caller may read.
    func readable(_ timeline: Timeline) async throws -> (MessageID, MessageStanding) {
        let id: MessageID = try id("message", orElse: .messageNotFound)
        let room = try await timeline.room(of: id)
        return (id, try await timeline.reader(try identity.userID, of: .id(room.id)))
    }
}
