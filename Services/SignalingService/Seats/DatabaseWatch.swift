import HTTPSupport
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Whether the database is there. This service has none of its own, but lets nobody in without those who have: so it
/// is as they say.
final class DatabaseWatch: Service {
    private static let interval: Duration = .seconds(2)

    private let owners: [InternalClient]
    private let state = Mutex(false)

    /// - Parameter owners: the services that use it, each asked while those before it are silent.
    init(owners: [InternalClient]) { self.owners = owners }

    /// As it was a moment ago; false where nobody could be asked.
    var isAvailable: Bool { state.withLock { $0 } }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                let isAvailable = await self.ask()
                self.state.withLock { $0 = isAvailable }
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    private func ask() async -> Bool {
        for owner in owners {
            if let ready = await owner.dependencies(), let word = ready["postgres"] { return word == "up" }
        }
        return false
    }
}

extension InternalClient {
    /// What a service's `/ready` says of its dependencies, ready or not; `nil` where it cannot be asked.
    func dependencies() async -> [String: String]? {
        struct Ready: Decodable { var dependencies: [String: String] }
        let ready: Ready? = try? await getAnyStatus("/ready")
        return ready?.dependencies
    }
}
