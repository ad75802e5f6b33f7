import AMQP
import Events
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Counts what is stored in rooms and tells the room service a few times a second, so that it need not hear of each
/// message. What is lost with a process is a moment of a room's activity, and whoever wants exact numbers asks here.
final class ActivityTally: Service {
    private static let pause: Duration = .milliseconds(250)
    /// Rooms that one broker message tells of.
    private static let page = 1000
    /// Rooms that are remembered while the broker is away.
    private static let limit = 100_000

    private let publisher: AMQPPublisher
    private let logger: Logger
    private let rooms = Mutex<[RoomCode: MessageTally.Room]>([:])

    init(publisher: AMQPPublisher, logger: Logger) {
        self.publisher = publisher
        self.logger = logger
    }

    func note(_ messages: some Sequence<(code: RoomCode, at: Timestamp)>) {
        rooms.withLock { rooms in
            for (code, at) in messages { Self.add(.init(roomId: code, count: 1, latest: at), to: &rooms) }
        }
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while (try? await Task.sleep(for: Self.pause)) != nil { await self.tell() }
        }
        await tell()
    }

    private func tell() async {
        let told = rooms.withLock { rooms in
            defer { rooms.removeAll(keepingCapacity: true) }
            return Array(rooms.values)
        }
        guard !told.isEmpty else { return }
        let pages = stride(from: 0, to: told.count, by: Self.page).map {
            Array(told[$0..<min($0 + Self.page, told.count)])
        }
        for (page, result) in zip(pages, await publisher.publish(pages.compactMap(Self.outgoing))) {
            guard case .failure(let error) = result else { continue }
            logger.debug("activity is told later", metadata: [LogKeys.error: "\(error)"])
            rooms.withLock { rooms in for room in page { Self.add(room, to: &rooms) } }
        }
    }

    private static func add(_ room: MessageTally.Room, to rooms: inout [RoomCode: MessageTally.Room]) {
        guard let before = rooms[room.roomId] else {
            if rooms.count < limit { rooms[room.roomId] = room }
            return
        }
        rooms[room.roomId] = .init(
            roomId: room.roomId, count: before.count + room.count, latest: max(before.latest, room.latest))
    }

    private static func outgoing(_ page: [MessageTally.Room]) -> AMQPOutgoing? {
        guard let body = try? WireJSON.encode(MessageTally(rooms: page)) else { return nil }
        return AMQPOutgoing(
            AMQPMessage(
                body: body,
                properties: AMQPProperties(contentType: "application/json", persistent: false, type: MessageTally.type)),
            exchange: "", routingKey: MessageTally.queue)
    }
}
