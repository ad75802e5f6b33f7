import HTTPSupport
import Identifiers

/// Takes away what nobody can use any more: expired invitations, bans and pauses, rooms deleted long ago, used-up
/// keys.
struct CleanUpJob: Sendable {
    let store: RoomStore
    let purgeAfter: Duration
    /// Has the message service forget a purged room.
    let forget: @Sendable (RoomID) async throws -> Void

    private static let batch = 500

    func job(every interval: Duration) -> LifecycleJob {
        LifecycleJob(name: "clean_up", interval: interval) { try await run(at: $0) }
    }

    func run(at now: Timestamp) async throws {
        let steps: [@Sendable () async throws -> Int] = [
            { try await store.expireInvitations(at: now, limit: Self.batch) },
            { try await store.deleteEndedBans(at: now, limit: Self.batch) },
            { try await store.deleteEndedPauses(at: now, limit: Self.batch) },
            { try await store.purgeDeleted(before: now - purgeAfter, limit: 50) },
            { try await IdempotencySchema.purge(store.pool, limit: Self.batch) },
            // The last, for it fails while the message service is away.
            { try await store.tellPurges(limit: Self.batch, forget: forget) },
        ]
        for step in steps {
            while try await step() > 0, !Task.isCancelled {}
        }
    }
}
