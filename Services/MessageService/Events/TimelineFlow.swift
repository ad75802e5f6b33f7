import Identifiers
import Postgres
import Synchronization

/// Which way committed entries go: straight to the broker, or by the relay because older ones of their room wait there.
///
/// The store tells what it learned in passing, when it appended; the publisher asks, and tells what was not confirmed.
final class TimelineFlow: Sendable {
    private let rooms = Mutex(RelayedRooms())
    /// Comes after a failure.
    let failures: AsyncStream<Void>
    private let alarm: AsyncStream<Void>.Continuation

    init() {
        (failures, alarm) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Those of the entries that this process sends.
    func sent(of events: [TimelineEvent]) -> [TimelineEvent] {
        rooms.withLock { rooms in
            rooms.isEmpty ? events : events.filter { rooms.sends($0.room, $0.seq) }
        }
    }

    /// Whether the room's entries may have to wait for the relay.
    func isRelayed(_ room: RoomID) -> Bool { rooms.withLock { $0.contains(room) } }

    func fail(_ events: some Sequence<TimelineEvent>) {
        rooms.withLock { rooms in for event in events { rooms.fail(event.room, event.seq) } }
        alarm.yield()
    }

    func leaveToRelay(_ room: RoomID, upTo seq: Int64) {
        rooms.withLock { $0.leaveToRelay(room, upTo: seq, now: .now) }
    }

    /// Runs what appends to rooms. Where it may have been committed though it failed, nobody will send that.
    func doubting<T>(_ appended: Set<RoomID>, _ body: () async throws -> T) async throws -> T {
        do {
            return try await body()
        } catch let error as PGError where error.kind == .connection || error.kind == .timeout {
            rooms.withLock { rooms in for room in appended { rooms.doubt(room) } }
            alarm.yield()
            throw error
        }
    }

    /// Rooms whose rows do not say yet that the relay has them.
    var failed: [RoomID] { rooms.withLock(\.failed) }

    /// - Parameter last: the last entry of each room when its row was changed; none where there is no row any more.
    func noteMarked(_ marked: [RoomID], last: [RoomID: Int64]) {
        rooms.withLock { rooms in
            for room in marked {
                if let seq = last[room] {
                    rooms.leaveToRelay(room, upTo: seq, now: .now)
                } else {
                    rooms.forget(room)
                }
            }
        }
    }

    func expire(before limit: ContinuousClock.Instant) { rooms.withLock { $0.expire(before: limit) } }
}
