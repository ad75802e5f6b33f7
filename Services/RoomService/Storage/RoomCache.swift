import Events
import Identifiers
import Logging
import Redis
import ServiceSupport
import Synchronization

/// The room's Redis object, which the seat script reads (contract, section 8).
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

    static func key(_ code: RoomCode) -> String { "room:\(code)" }

    private static func newKey(_ code: RoomCode) -> String { "{room:\(code)}:new" }

    /// Writes the object unless a higher or the same version is there.
    func write(_ room: Room) async { await write([room]) }

    func write(_ rooms: [Room]) async {
        guard !rooms.isEmpty else { return }
        guard redis.isAvailable else { return miss(rooms) }
        do {
            for result in try await redis.pipeline(try rooms.map(Self.command), patience: patience) {
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
        let reply = try? await redis.send(RedisCommand("EXISTS", Self.key(code)), patience: patience)
        return reply?.int != 0
    }

    /// Writes the object of a room that was made just now, and that nobody can have sat in yet: its seats then need no
    /// asking around before the first is given. The mark names the Redis process, so that it means nothing after a loss.
    func writeNew(_ room: Room) async {
        await write(room)
        guard redis.isAvailable else { return }
        do {
            _ = try await redis.evaluate(
                Self.newScript, keys: [Self.newKey(room.code)], arguments: [3600], patience: patience)
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

    private static func command(_ room: Room) throws -> RedisCommand {
        let object = Object(
            id: room.id, hostId: room.ownerID, maxParticipants: room.maxParticipants, isActive: room.isActive,
            kind: room.kind, type: room.type, version: room.version)
        return RedisCommand(
            evaluating: script, keys: [key(room.code)],
            arguments: [try WireJSON.encode(object), room.version, 86_400])
    }

    private struct Object: Codable {
        var id: RoomID
        var hostId: UserID
        var maxParticipants: Int
        var isActive: Bool
        var kind: RoomKind
        var type: RoomType
        var version: Int64
    }

    private static let newScript = RedisScript(
        """
        redis.call('SET', KEYS[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'), 'EX', ARGV[1])
        """)

    /// What is no object of ours is replaced like a missing one; the same version lives on.
    private static let script = RedisScript(
        """
        local current = redis.call('GET', KEYS[1])
        if current then
            local ok, object = pcall(cjson.decode, current)
            local version = ok and type(object) == 'table' and tonumber(object.version)
            if version and version >= tonumber(ARGV[2]) then
                redis.call('EXPIRE', KEYS[1], ARGV[3])
                return 0
            end
        end
        redis.call('SET', KEYS[1], ARGV[1], 'EX', ARGV[3])
        return 1
        """)
}
