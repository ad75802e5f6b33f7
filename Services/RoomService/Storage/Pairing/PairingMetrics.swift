import Identifiers
import Metrics
import ServiceSupport

/// What is counted of random pairing, all there from the start.
enum PairingMetrics {
    static let matches = Counter(label: MetricNames.pairingMatches)
    /// Of each of the two, in milliseconds.
    static let wait = Recorder(label: MetricNames.pairingWait, aggregate: true)
    /// Of all instances together; each reads it every few seconds.
    static let searching = Meter(label: MetricNames.pairingSearches)

    static func declare() {
        MetricNames.declare(
            counters: [MetricNames.pairingMatches], gauges: [MetricNames.pairingSearches],
            histograms: [MetricNames.pairingWait])
    }

    static func setSearching(_ count: Int) { searching.set(count) }

    static func matched(_ match: Match) {
        matches.increment()
        for searcher in [match.first, match.second] {
            wait.record(match.room.createdAt.since(searcher.since).wholeMilliseconds)
        }
    }
}
