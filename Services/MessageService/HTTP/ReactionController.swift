import Auth
import Foundation
import HTTPSupport
import Hummingbird
import Identifiers

/// Reactions, under `/messages/{id}` and under `/rooms/{room}/messages/{id}`.
struct ReactionController: Sendable {
    let timeline: Timeline

    func add(to group: RouterGroup<AppContext>) {
        for prefix in ["messages/:message/reactions", "rooms/:room/messages/:message/reactions"] {
            group.post("\(prefix)", use: react)
            group.delete("\(prefix)/:emoji", use: unreact)
            group.delete("\(prefix)", use: clear)
        }
    }

    @Sendable func react(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let body = await PendingBody<ReactionBody>(request, context)
        let target = try await context.target(timeline)
        let changed = try await timeline.change(user, target.room, entry: \.appended) { store in
            try await store.react(to: target.id, in: target.room.id, by: user) {
                let emoji = try body.get().emoji
                guard Emoji.isEmoji(emoji) else { throw Refusal.invalid([FieldFault("emoji", "must be one emoji")]) }
                return emoji
            }
        }
        return .reactions(changed.reactions)
    }

    @Sendable func unreact(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let target = try await context.target(timeline)
        let emoji = context.parameters.get("emoji")?.removingPercentEncoding
        let changed = try await timeline.change(user, target.room, entry: \.appended) { store in
            try await store.unreact(from: target.id, in: target.room.id, by: user) {
                guard let emoji, Emoji.isEmoji(emoji) else { throw Problem(.notFound) }
                return emoji
            }
        }
        return .reactions(changed.reactions)
    }

    @Sendable func clear(_ request: Request, _ context: AppContext) async throws -> Response {
        let user = try context.identity.userID
        let target = try await context.target(timeline)
        let changed = try await timeline.change(user, target.room, entry: \.appended) { store in
            try await store.clearReactions(of: target.id, in: target.room.id, by: user)
        }
        return .reactions(changed.reactions)
    }
}
