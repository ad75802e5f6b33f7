public import Events
internal import Identifiers
internal import ServiceSupport
internal import Synchronization

/// Collects the events of one transaction. Valid while the closure that was given it runs.
public struct EventSink: Sendable {
    struct Entry: Sendable {
        let ticket: PublishOrder.Ticket
        let event: StoredEvent
    }

    private let take: @Sendable (StoredEvent, RoomID?) -> Void

    init(take: @escaping @Sendable (StoredEvent, RoomID?) -> Void) {
        self.take = take
    }

    /// The event is stored when the transaction commits and published then. Request id and trace are taken from the
    /// present ``RequestScope`` where the event has none.
    ///
    /// Events of one room keep their order when whatever orders the room (its locked row) was acquired before this.
    /// Throws `EncodingError`.
    public func append(_ event: Event) async throws {
        let event = event.inScope()
        take(StoredEvent(event, body: try EventCodec.encode(event)), event.room?.id)
    }

    public func append(contentsOf events: some Sequence<Event>) async throws {
        for event in events { try await append(event) }
    }
}
