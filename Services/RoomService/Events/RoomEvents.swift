import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import Logging
import Postgres

/// What other services tell the room service for good: how invitations fared, and what moderators did to messages. Its own
/// events come round too, and repair a Redis object that a crash kept from being written.
enum RoomEvents {
    static func consumer(amqp: AMQPConfiguration, store: RoomStore, logger: Logger) -> EventConsumer {
        EventConsumer(
            queue: .rooms, amqp: amqp, pool: store.pool, concurrency: 4, logger: logger
        ) { event, transaction in
            try await handle(event, transaction, store)
        }
    }

    static func handle(_ event: Event, _ transaction: PGTransaction, _ store: RoomStore) async throws {
        switch event.body {
        case .invitationDeliveryChanged(let fields):
            try await store.takeOverDelivery(fields, in: transaction)
        case .timeline(.messageDeleted(let message)) where event.userId != message.userId:
            try await store.note(
                .messageDeleted, by: event.userId, target: message.id.uuid, in: event.room, transaction)
        case .timeline(.reactionsCleared(let messageID)):
            try await store.note(
                .reactionsCleared, by: event.userId, target: messageID.uuid, in: event.room, transaction)
        case .timeline(.memberUpdated(let member)) where member.role != .owner: break
        case .roomCreated, .timeline(.roomUpdated), .timeline(.roomEnded), .timeline(.memberUpdated):
            guard let reference = event.room else { return }
            guard let room = try? await store.room(.id(reference.id)) else { return }
            await store.cache.changed(room)
        default: break
        }
    }
}
