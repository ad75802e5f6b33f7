import AMQP
import Events
import Identifiers
import Logging
import ServiceSupport

/// Publishes what nobody saw confirmed: after a crash between commit and publish, or while the broker was away.
///
/// What was published and not noted goes out twice, under the same event id.
struct TimelineRelay: Sendable {
    /// Longer than an instance takes to note a confirm.
    static let patience: Duration = .seconds(3)
    private static let roomsPerSweep = 100
    private static let page = 500

    let store: TimelineStore
    let publisher: AMQPPublisher
    let logger: Logger

    /// - Parameter age: how long entries must have waited.
    /// - Throws: the broker's or the database's error; what was confirmed before stays noted.
    func sweep(olderThan age: Duration = TimelineRelay.patience) async throws {
        guard publisher.isAvailable else { return }
        while true {
            let rooms = try await store.unpublishedRooms(olderThan: age, limit: Self.roomsPerSweep)
            for room in rooms { try await publish(room) }
            if rooms.count < Self.roomsPerSweep { return }
            try Task.checkCancellation()
        }
    }

    private func publish(_ room: UnpublishedRoom) async throws {
        var published = room.publishedSeq
        while published < room.lastSeq {
            let rows = try await store.timeline(
                of: room.room, after: published, limit: Self.page, isArchived: room.isArchived)
            guard let last = rows.last?.seq else { break }
            let events = try rows.map { try TimelineEvent($0, in: room.room) }
            for result in await publisher.publish(events.map(\.outgoing)) { try result.get() }
            published = last
        }
        _ = try await store.markPublished(
            [room.room.id: PublishedRange(first: room.publishedSeq + 1, last: max(published, room.publishedSeq))])
        logger.info(
            "entries published late",
            metadata: [LogKeys.roomID: "\(room.room.code)", "count": "\(published - room.publishedSeq)"])
    }
}

extension TimelineEvent {
    fileprivate init(_ row: TimelineRow, in room: RoomRef) throws {
        switch row {
        case .creation(let message): self.init(creationOf: message, scope: nil)
        case .other:
            var json = JSONWriter()
            json.entry(row)
            try self.init(try WireJSON.decode(TimelineEntry.self, from: json.bytes), in: room, scope: nil)
        }
    }
}
