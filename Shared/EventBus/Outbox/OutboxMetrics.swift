internal import Metrics
internal import ServiceSupport

/// What operators see of an outbox.
struct OutboxMetrics: Sendable {
    private let size: Meter
    private let lag: Meter
    private let count: Counter

    init(source: String) {
        size = Meter(label: MetricNames.outboxSize, dimensions: [("source", source)])
        lag = Meter(label: MetricNames.outboxLag, dimensions: [("source", source)])
        count = Counter(label: "events_published_total", dimensions: [("source", source)])
        size.set(0)
        lag.set(0)
        count.increment(by: 0)
    }

    func published(_ number: Int) { count.increment(by: number) }

    func set(_ status: OutboxStore.Status) {
        size.set(status.size)
        lag.set(status.lag)
    }
}
