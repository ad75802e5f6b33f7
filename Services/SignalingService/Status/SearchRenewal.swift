import Events
import HTTPSupport
import HTTPTypes
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Tells the room service who has a stream of their own open: where one of them searches for a partner, the search goes on.
///
/// It ends by itself where nobody says so for two minutes; several times of that in a row may fail without harm.
struct SearchRenewal: Service {
    private static let interval: Duration = .seconds(30)
    /// A body of a call has 256 KiB at most.
    private static let batch = 2000

    let status: StatusHub
    let rooms: InternalClient
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.interval)
                await renew()
            }
        }
    }

    func renew() async {
        let users = Array(status.users)
        for start in stride(from: 0, to: users.count, by: Self.batch) {
            let present = InternalAPI.Present(userIds: Array(users[start..<min(start + Self.batch, users.count)]))
            do {
                try await rooms.send(.post, "/internal/searches", present)
            } catch {
                logger.debug("searches not renewed", metadata: [LogKeys.error: "\(error)"])
            }
        }
    }
}
