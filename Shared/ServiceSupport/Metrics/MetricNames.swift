import Metrics

/// Names of metrics that more than one service has, or that the contract fixes (section 13).
public enum MetricNames {
    public static let roomsCreated = "rooms_created_total"
    public static let roomsActive = "rooms_active"
    public static let roomMembers = "room_members_distribution"
    public static let pairingSearches = "pairing_searches"
    public static let pairingMatches = "pairing_matches_total"
    public static let pairingWait = "pairing_wait_ms"
    public static let messageLatency = "message_latency_ms"
    public static let votingLatency = "voting_latency_ms"
    public static let votesWaiting = "votes_waiting"
    public static let roomCreationFailures = "room_creation_failures"
    public static let messageSendFailures = "message_send_failures"
    public static let permissionDenied = "permission_denied"
    public static let rateLimited = "rate_limited_total"
    public static let httpLatency = "http_request_duration_ms"
    public static let outboxLag = "outbox_lag_seconds"
    public static let outboxSize = "outbox_size"
    public static let poolSize = "database_pool_size"
    public static let poolBusy = "database_pool_busy"
    public static let poolWaiting = "database_pool_waiting"
    public static let queueDepth = "queue_depth"
    public static let socketsOpen = "sockets_open"
    public static let seatsHeld = "seats_held"
    public static let refusals = "socket_refusals_total"
    public static let resumes = "socket_resumes_total"
    public static let entriesReplayed = "socket_entries_replayed_total"
    public static let slowConsumers = "slow_consumers_total"
    public static let seatAuthorityAway = "seat_authority_away"

    /// Makes the metrics exist from the start, so that a rate over them has a first point.
    public static func declare(counters: [String] = [], gauges: [String] = [], histograms: [String] = []) {
        for name in counters { Counter(label: name).increment(by: 0) }
        for name in gauges { Meter(label: name).set(0) }
        for name in histograms { _ = Recorder(label: name, aggregate: true) }
    }
}
