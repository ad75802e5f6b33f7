import AMQP
import Events
import Identifiers
import Logging
import ServiceSupport

/// Publishes what nobody saw confirmed: after a crash between commit and publish, or while the broker was away.
///
/// It takes a room over, and gives it back under the room's lock when nothing is left: in between whoever appends to the
/// room leaves its entries to the relay, so that they leave in order. What was published and not noted goes out twice,
/// under the same event id.
struct TimelineRelay: Sendable {
    /// Longer than an instance takes to note a confirm.
    static let patience: Duration = .seconds(3)
    private static let roomsPerLook = 200
    /// Rooms that wait for their confirms side by side.
    private static let width = 8
    private static let page = 250
    /// A longer backlog goes on after the other rooms had their turn.
    private static let pagesPerTurn = 8
    /// After so many short pages a busy room is held for the last one.
    private static let shortPages = 3

    let store: TimelineStore
    let publisher: AMQPPublisher
    let logger: Logger

    /// - Parameter age: how long entries must have waited that nobody gave up.
    /// - Throws: the broker's or the database's error; what was confirmed before stays noted.
    func sweep(olderThan age: Duration = TimelineRelay.patience) async throws {
        try await store.takeOver(olderThan: age)
        while publisher.isAvailable {
            let rooms = try await store.relayedRooms(limit: Self.roomsPerLook)
            guard !rooms.isEmpty else { return }
            try await publish(rooms)
            try Task.checkCancellation()
        }
    }

    /// One room that fails does not stop the others.
    private func publish(_ rooms: [UnpublishedRoom]) async throws {
        let failure = await withTaskGroup(of: (any Error)?.self) { group in
            var failure: (any Error)?
            for (index, room) in rooms.enumerated() {
                if index >= Self.width, let finished = await group.next() { failure = failure ?? finished }
                group.addTask {
                    guard publisher.isAvailable, !Task.isCancelled else { return nil }
                    do {
                        try await takeTurn(room)
                        return nil
                    } catch {
                        return error
                    }
                }
            }
            for await finished in group { failure = failure ?? finished }
            return failure
        }
        if let failure { throw failure }
    }

    private func takeTurn(_ room: UnpublishedRoom) async throws {
        var published = room.publishedSeq
        var shortPages = 0
        defer {
            if published > room.publishedSeq {
                logger.info(
                    "entries published late",
                    metadata: [LogKeys.roomID: "\(room.room.code)", "count": "\(published - room.publishedSeq)"])
            }
        }
        for _ in 0..<Self.pagesPerTurn {
            if shortPages == Self.shortPages {
                let isDone = try await store.finishRelaying(room, after: published, limit: Self.page) {
                    try await publish($0, of: room.room)
                }
                if isDone { return }
            }
            let entries = try await store.unpublished(of: room, after: published, limit: Self.page)
            try await publish(entries, of: room.room)
            published = entries.last?.row.seq ?? published
            if try await !store.noteRelayed(room.room.id, upTo: published) { return }
            shortPages = entries.count < Self.page ? shortPages + 1 : 0
        }
    }

    private func publish(_ entries: [UnpublishedEntry], of room: RoomRef) async throws {
        let events = entries.compactMap { entry -> TimelineEvent? in
            do {
                return try TimelineEvent(entry, in: room)
            } catch {
                skip(entry.row.seq, of: room, error)
                return nil
            }
        }
        for (event, result) in zip(events, await publisher.publish(events.map(\.outgoing))) {
            guard case .failure(let error) = result else { continue }
            guard case .invalid = error else { throw error }
            skip(event.seq, of: room, error)
        }
    }

    /// What can never be told must not hold up the rest.
    private func skip(_ seq: Int64, of room: RoomRef, _ error: any Error) {
        logger.error(
            "an entry cannot be published",
            metadata: [LogKeys.roomID: "\(room.code)", "seq": "\(seq)", LogKeys.error: "\(String(reflecting: error))"])
    }
}

extension TimelineEvent {
    fileprivate init(_ entry: UnpublishedEntry, in room: RoomRef) throws {
        let scope = entry.requestID.map { RequestScope(requestID: $0) }
        switch entry.row {
        case .creation(let message): self.init(creationOf: message, scope: scope)
        case .other:
            var json = JSONWriter()
            json.entry(entry.row)
            try self.init(try WireJSON.decode(TimelineEntry.self, from: json.bytes), in: room, scope: scope)
        }
    }
}
