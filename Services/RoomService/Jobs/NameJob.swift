import Identifiers

/// Tells rooms the new names of their members, so that everybody who was told the old one learns of it.
struct NameJob: Sendable {
    let store: RoomStore

    private static let batch = 100

    func job() -> LifecycleJob {
        LifecycleJob(name: "names", interval: .seconds(1)) { try await run(at: $0) }
    }

    func run(at now: Timestamp) async throws {
        while !Task.isCancelled {
            let users = try await store.renamed(at: now, limit: Self.batch)
            for user in users { try await store.tellName(of: user, at: now) }
            guard users.count == Self.batch else { return }
        }
    }
}
