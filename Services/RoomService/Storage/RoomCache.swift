import Events
import Identifiers
import Logging
import Redis
import ServiceSupport
import Synchronization

/// What Redis has of a room: the object that the seat script reads, and who is a member (contract, section 8).
///
/// Writing it through is a courtesy to the reader: it never fails a request, and never lasts longer than its patience.
/// What could not be written is written when Redis is back, or when the room's event comes round.
final class RoomCache: Sendable {
    private let redis: RedisClient
    private let patience: Duration
    private let logger: Logger
    /// Rooms whose last write failed; bounded, for the sweep after Redis is back covers the rest.
    private let missed = Mutex<Set<RoomID>>([])

    init(redis: RedisClient, patience: Duration, logger: Logger) {
        self.redis = redis
        self.patience = patience
        self.logger = logger
    }

    /// Writes the object unless a higher or the same version is there, and drops members that are known with fewer facts.
    func write(_ rooms: [Room]) async { await write(rooms) { try RoomWrite.command($0) } }

    /// The same after a change, which readers of the state before must not undo.
    func changed(_ room: Room) async { await write([room]) { try RoomWrite.command($0, marksFacts: true) } }

    /// The same, with what was read of a member beside the room.
    func write(_ room: Room, _ view: RoomView, _ member: MemberView) async {
        await write([room]) { try RoomWrite.command($0, marksFacts: true, member: (view, member)) }
    }

    private func write(_ rooms: [Room], _ command: (Room) throws -> RedisCommand) async {
        guard !rooms.isEmpty else { return }
        guard redis.isAvailable else { return miss(rooms) }
        do {
            for result in try await redis.pipeline(try rooms.map(command), patience: patience) {
                _ = try result.get()
            }
        } catch {
            miss(rooms)
            logger.warning("room objects not written through", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Whether the object is there, for whoever would write a missing one. True where nobody can say.
    func contains(_ reference: RoomReference) async -> Bool {
        guard case .code(let code) = reference, redis.isAvailable else { return true }
        let reply = try? await redis.send(RedisCommand("EXISTS", RoomSlot.object(code)), patience: patience)
        return reply?.int != 0
    }

    /// Writes the object of a room that was made just now, and that nobody can have sat in yet: its seats then need no
    /// asking around before the first is given. The mark names the Redis process, so that it means nothing after a loss.
    func writeNew(_ room: Room) async {
        await write([room])
        guard redis.isAvailable else { return }
        do {
            _ = try await redis.evaluate(
                Self.newScript, keys: [RoomSlot.new(room.code)], arguments: [3600], patience: patience)
        } catch {
            logger.debug("a new room is not marked as new", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Rooms to write again, once Redis answers.
    func takeMissed() -> Set<RoomID> {
        missed.withLock { missed in
            defer { missed = [] }
            return missed
        }
    }

    private func miss(_ rooms: [Room]) {
        missed.withLock { missed in
            guard missed.count < 100_000 else { return }
            missed.formUnion(rooms.map(\.id))
        }
    }

    private static let newScript = RedisScript(
        """
        redis.call('SET', KEYS[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), 'EX', ARGV[1])
        """)
}
