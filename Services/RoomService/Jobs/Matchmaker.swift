import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Brings those together who have waited long enough to have anybody, at that moment. Who arrives finds them by themselves.
///
/// Every instance runs one, without a leader: the rows of the searchers keep them apart, and none has to be told of searches
/// that began at another. It sleeps until the next of them is due, and never longer than anybody prefers to wait: whoever
/// begins meanwhile is seen before their time. A kill loses nothing, for what it knows is in the database.
struct Matchmaker: Service {
    let store: RoomStore
    let logger: Logger

    private static let batch = 200

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled { try? await Task.sleep(for: await pass()) }
        }
    }

    /// Does what is due now.
    ///
    /// - Returns: for how long there is nothing to do.
    func pass() async -> Duration {
        do {
            let now = store.clock.now()
            while try await store.deleteEndedSearches(at: now, limit: Self.batch) == Self.batch, !Task.isCancelled {}
            var position: Searcher?
            repeat {
                let patient = try await store.patientSearchers(at: now, after: position, limit: Self.batch)
                for searcher in patient where !Task.isCancelled { _ = try await store.match(searcher) }
                position = patient.count == Self.batch ? patient.last : nil
            } while position != nil && !Task.isCancelled
            let searches = try await store.searches(at: now)
            PairingMetrics.setSearching(searches.count)
            let pause = searches.nextPatient.map { $0.since(store.clock.now()) } ?? PairingRules.preference
            return min(max(pause, .milliseconds(1)), PairingRules.preference)
        } catch {
            logger.debug("searchers not brought together", metadata: [LogKeys.error: "\(error)"])
            return .seconds(1)
        }
    }
}
