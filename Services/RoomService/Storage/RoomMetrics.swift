import Metrics
import ServiceSupport

/// What the service counts, all there from the start.
enum RoomMetrics {
    static let created = Counter(label: MetricNames.roomsCreated)
    static let creationFailures = Counter(label: MetricNames.roomCreationFailures)
    static let members = Recorder(label: MetricNames.roomMembers, aggregate: true)
    /// Kept by each change here, and set right every few minutes, for other instances change rooms too.
    static let active = Meter(label: MetricNames.roomsActive)

    static func declare() {
        MetricNames.declare(
            counters: [MetricNames.roomsCreated, MetricNames.roomCreationFailures],
            gauges: [MetricNames.roomsActive],
            histograms: [MetricNames.roomMembers, MetricNames.votingLatency])
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
