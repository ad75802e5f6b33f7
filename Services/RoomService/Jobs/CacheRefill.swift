import EventBus
import Identifiers
import Logging
import Redis
import ServiceLifecycle
import ServiceSupport

/// Writes the Redis objects of changed rooms again whenever Redis comes back: it may have lost them, or woken up with
/// older ones. Nothing older than a day can be there.
final class CacheRefill: Service {
    private let redis: RedisClient
    private let store: RoomStore
    private let logger: Logger

    init(redis: RedisClient, store: RoomStore, logger: Logger) {
        self.redis = redis
        self.store = store
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var wasAway = false
            for await isThere in self.redis.availability() {
                if isThere, wasAway { await self.refill() }
                wasAway = !isThere
            }
        }
    }

    func refill() async {
        do {
            let missed = Array(store.cache.takeMissed())
            var written = 0
            for start in stride(from: 0, to: missed.count, by: 500) {
                let rooms = try await store.rooms(Array(missed[start..<min(start + 500, missed.count)]))
                await store.cache.write(rooms)
                written += rooms.count
            }
            var position: RoomStore.ActivityPosition?
            let oldest = store.clock.now() - .seconds(86_400)
            repeat {
                let rooms = try await store.roomsChanged(since: oldest, after: position, limit: 500)
                await store.cache.write(rooms)
                written += rooms.count
                position = rooms.last.map { .init(at: $0.updatedAt, id: $0.id) }
            } while position != nil && redis.isAvailable && !Task.isCancelled
            logger.info("room objects written again", metadata: ["count": "\(written)"])
        } catch {
            logger.warning("room objects not written again", metadata: [LogKeys.error: "\(error)"])
        }
    }
}
