import Metrics
import ServiceSupport

/// What the service counts, all there from the start.
enum RoomMetrics {
    static let created = Counter(label: MetricNames.roomsCreated)
    static let creationFailures = Counter(label: MetricNames.roomCreationFailures)
    static let members = Recorder(label: MetricNames.roomMembers, aggregate: true)
    /// Kept by each change here, and set right every few minutes, for other instances change rooms too.
    static let active = Meter(label: MetricNames.roomsActive)

    static let voting = Recorder(label: MetricNames.votingLatency, aggregate: true)
    static let votesWaiting = Meter(label: MetricNames.votesWaiting)

    static func declare() {
        MetricNames.declare(
            counters: [MetricNames.roomsCreated, MetricNames.roomCreationFailures],
            gauges: [MetricNames.roomsActive, MetricNames.votesWaiting],
            histograms: [MetricNames.roomMembers, MetricNames.votingLatency])
    }

    /// From a vote's request to its being counted for good. Meanwhile it waits.
    static func timingVote<T: Sendable>(_ vote: () async throws -> T) async throws -> T {
        let start = ContinuousClock.now
        votesWaiting.increment()
        defer { votesWaiting.decrement() }
        let result = try await vote()
        voting.record((ContinuousClock.now - start) / .milliseconds(1))
        return result
    }

    static func setActive(_ count: Int) { active.set(count) }

    static func creationFailed() { creationFailures.increment() }

    static func committed(_ room: Room, insteadOf before: Room?) {
        if before == nil {
            created.increment()
            active.increment()
        } else if before?.isActive == true, !room.isActive {
            active.decrement()
        }
        if room.memberCount != before?.memberCount { members.record(room.memberCount) }
    }
}
