import Logging
import ServiceLifecycle
import ServiceSupport

/// Keeps `rooms_active` true on every instance: other instances begin and end rooms too.
struct ActiveRooms: Service {
    let store: RoomStore
    let interval: Duration
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    RoomMetrics.setActive(try await store.activeCount())
                } catch {
                    logger.debug("active rooms not counted", metadata: [LogKeys.error: "\(error)"])
                }
                try? await Task.sleep(for: interval)
            }
        }
    }
}
