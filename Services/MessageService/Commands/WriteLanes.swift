import Events
import Identifiers
import Logging
import Metrics
import ServiceLifecycle
import ServiceSupport

/// The one way to write to a timeline, for REST, sockets and facts alike: each room has its lane.
final class WriteLanes: Service {
    private let lanes: [WriteLane]
    private let store: TimelineStore
    private let events: TimelinePublisher
    /// From a message's arrival here to its commit.
    private let latency = Timer(label: MetricNames.messageLatency)

    /// - Parameter count: lanes that commit side by side.
    init(store: TimelineStore, events: TimelinePublisher, count: Int, logger: Logger) {
        self.store = store
        self.events = events
        lanes = (0..<count).map { _ in WriteLane(store: store, logger: logger) { await events.publish($0) } }
    }

    func run() async throws {
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withTaskGroup(of: Void.self) { group in
                    for lane in self.lanes { group.addTask { await lane.run() } }
                }
            } onCancel: {
                self.close()
            }
        } onGracefulShutdown: {
            self.close()
        }
    }

    private func close() { for lane in lanes { lane.close() } }

    /// Messages and changes that wait for their turn.
    var depth: Int { lanes.reduce(0) { $0 + $1.depth } }

    /// Stores messages of rooms that share a lane; outcomes are in the order given.
    ///
    /// - Throws: `PGError` when the database is away; whether anything was stored is then not known.
    func send(_ messages: [PendingMessage]) async throws -> [StoreOutcome] {
        guard let first = messages.first else { return [] }
        let start = ContinuousClock.now
        let outcomes = try await withCheckedThrowingContinuation { continuation in
            do {
                try lane(of: first.room.id).submit(.messages(messages) { continuation.resume(with: $0) })
            } catch {
                continuation.resume(throwing: error)
            }
        }
        let elapsed = (ContinuousClock.now - start).components
        latency.recordNanoseconds(elapsed.seconds * 1_000_000_000 + elapsed.attoseconds / 1_000_000_000)
        return outcomes
    }

    /// Runs a change of one room in its turn, and publishes the entries it names.
    func change<T: Sendable>(
        _ room: RoomID, entries: @escaping @Sendable (T) -> [TimelineEvent],
        _ body: @escaping @Sendable (TimelineStore) async throws -> T
    ) async throws -> T {
        let lane = lane(of: room)
        let scope = RequestScope.current
        return try await withCheckedThrowingContinuation { continuation in
            do {
                try lane.submit(
                    .change { [store, events] in
                        await RequestScope.$current.withValue(scope) {
                            do {
                                let result = try await body(store)
                                continuation.resume(returning: result)
                                await events.publish(entries(result))
                            } catch {
                                continuation.resume(throwing: error)
                            }
                        }
                    })
            } catch {
                continuation.resume(throwing: error)
            }
        }
    }

    /// Rooms of one command queue share a lane.
    private func lane(of room: RoomID) -> WriteLane { lanes[CommandShard.shard(of: room) % lanes.count] }
}
