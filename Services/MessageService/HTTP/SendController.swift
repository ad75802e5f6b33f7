import Auth
import Foundation
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import ServiceSupport

/// `POST /messages` and `POST /rooms/{room}/messages`.
struct SendController: Sendable {
    let timeline: Timeline
    let limiter: RateLimiter
    let limit: RateLimit

    /// - Parameter group: where `Idempotency-Key` is honoured. Messages of many requests commit together, so a key's answer
    ///   is kept after the commit; but the message is made under the name of the key's operation, so that an attempt after a
    ///   crash finds it and knows it for its own.
    func add(to group: RouterGroup<AppContext>) {
        group.post("messages", use: sendToNamed)
        group.post("rooms/:room/messages", use: sendToRoom)
    }

    @Sendable func sendToRoom(_ request: Request, _ context: AppContext) async throws -> Response {
        try await send(request, context, to: try context.roomReference())
    }

    @Sendable func sendToNamed(_ request: Request, _ context: AppContext) async throws -> Response {
        var request = request
        let buffer = try await request.wholeBody()
        request.body = .init(buffer: buffer)
        let room = try await request.body(as: RoomBody.self, context.beforeRights).room
        request.body = .init(buffer: buffer)
        context.note(room: room)
        return try await send(request, context, to: room)
    }

    private func send(_ request: Request, _ context: AppContext, to room: RoomReference) async throws -> Response {
        let user = try context.identity.userID
        let body = await PendingBody<SendBody>(request, context)
        let operation = context.idempotency?.operation
        let sent = try await timeline.send(operation.map(MessageID.init) ?? .new(), in: room, by: user) { room in
            try await context.limit(limiter, limit, subject: RateLimit.sender(user, in: room.id))
        } draft: {
            try body.get().draft(timeline.limits, operation: operation)
        }
        switch sent {
        case .created(let message):
            return .message(message, reactions: [], status: .created, headers: [.location: "/messages/\(message.id)"])
        case .repeated(let message) where isOwn(message, context):
            return .message(message, reactions: [], status: .created, headers: [.location: "/messages/\(message.id)"])
        case .repeated(let message):
            let reactions = try await timeline.store.reactions(to: [message.id], in: message.room.id, seenBy: user)
            return .message(message, reactions: reactions[message.id] ?? [])
        }
    }

    /// Whether an earlier attempt of the same request made the message, and could not say so any more.
    private func isOwn(_ message: StoredMessage, _ context: AppContext) -> Bool {
        context.idempotency?.operation == message.id.uuid
    }
}
