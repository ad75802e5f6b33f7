import AMQP
import EventBus
import Events
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Tells everybody how sessions stand after they changed: many changes at once are one event, which says the last state.
///
/// Such an event has no outbox. But the table knows which state the broker has, so that what died with an instance, or
/// found the broker away, is told of later, as it is by then.
struct QueueUpdates: Service {
    /// How soon another instance tells what one left.
    private static let look: Duration = .seconds(1)
    private static let batch = 100
    private static let width = 8

    let store: RoomStore
    let seats: Seats
    let publisher: AMQPPublisher
    let logger: Logger
    private let encoder = EventEncoder(source: "room-service")

    init(store: RoomStore, seats: Seats, publisher: AMQPPublisher, logger: Logger) {
        self.store = store
        self.seats = seats
        self.publisher = publisher
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var pace = UpdatePace()
            var nextLook = ContinuousClock.now
            while !Task.isCancelled {
                do {
                    pace.change(store.sessionNews.takeChanged())
                    if .now >= nextLook, publisher.isAvailable {
                        nextLook = .now + Self.look
                        pace.change(try await store.untoldSessions(limit: Self.batch))
                    }
                    let due = pace.due(at: .now)
                    if publisher.isAvailable, !due.isEmpty { try await tell(due) }
                } catch {
                    // The table knows what is left.
                    logger.debug("sessions not told of", metadata: [LogKeys.error: "\(error)"])
                    try? await Task.sleep(for: .milliseconds(100))
                }
                await store.sessionNews.changes.wait(atMost: min(pace.wait(at: .now) ?? Self.look, Self.look))
            }
        }
    }

    private func tell(_ sessions: [SessionID]) async throws {
        let rooms = try await store.rooms(of: sessions)
        let snapshots = try await withThrowingTaskGroup(of: SessionSnapshot.self) { group in
            var snapshots: [SessionSnapshot] = []
            for (index, (session, room)) in rooms.enumerated() {
                if index >= Self.width, let snapshot = try await group.next() { snapshots.append(snapshot) }
                group.addTask {
                    try await store.snapshot(
                        of: session, for: nil, seated: await seats.listeners(in: room.code))
                }
            }
            for try await snapshot in group { snapshots.append(snapshot) }
            return snapshots
        }
        // Of one that has ended the timeline tells.
        var told: [SessionID: Int64] = [:]
        var live: [(snapshot: SessionSnapshot, event: AMQPOutgoing)] = []
        for snapshot in snapshots {
            guard let state = try snapshot.state else {
                told[snapshot.view.id] = snapshot.version
                continue
            }
            live.append((snapshot, try encoder.encode(Event(body: .queueUpdated(state), room: snapshot.room))))
        }
        for (snapshot, result) in zip(live.map(\.snapshot), await publisher.publish(live.map(\.event))) {
            if case .success = result { told[snapshot.view.id] = snapshot.version }
        }
        if !told.isEmpty { try await store.noteTold(told) }
    }
}
