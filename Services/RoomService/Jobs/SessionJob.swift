import Identifiers

/// Ends sessions that everybody has left without saying so: nothing happened for as long as an unused room lives, and
/// nobody sits there.
struct SessionJob: Sendable {
    let store: RoomStore

    private static let batch = 100

    func job() -> LifecycleJob {
        LifecycleJob(name: "sessions", interval: .seconds(60)) { try await run(at: $0) }
    }

    func run(at now: Timestamp) async throws {
        while !Task.isCancelled {
            let sessions = try await store.abandonedSessions(at: now, limit: Self.batch)
            for session in sessions { try await store.endAbandoned(session, at: now) }
            guard sessions.count == Self.batch else { return }
        }
    }
}
