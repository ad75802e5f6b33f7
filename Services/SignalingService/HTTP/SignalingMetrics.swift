import CoreMetrics
import HTTPSupport
import Identifiers
import Logging
import Metrics
import ServiceSupport
import Synchronization

/// What the service counts. All are there from the start.
final class SignalingMetrics: Sendable {
    private let resumes = Counter(label: MetricNames.resumes)
    private let entriesReplayed = Counter(label: MetricNames.entriesReplayed)
    private let slowConsumers = Counter(label: MetricNames.slowConsumers)
    private let permissionDenied = Counter(label: MetricNames.permissionDenied)
    private let rateLimited = Counter(label: MetricNames.rateLimited)
    private let seatAuthorityAway = Gauge(label: MetricNames.seatAuthorityAway)
    private let seatsHeld = Gauge(label: MetricNames.seatsHeld)
    private let socketsOpen = Gauge(label: MetricNames.socketsOpen)
    private let open = Mutex(0)
    private let refusals: [CloseCode: Counter]
    private let logger: Logger

    init(logger: Logger) {
        self.logger = logger
        refusals = Dictionary(
            uniqueKeysWithValues: CloseCode.allCases.map {
                ($0, Counter(label: MetricNames.refusals, dimensions: [("reason", $0.reason)]))
            })
        for counter in refusals.values { counter.increment(by: 0) }
        MetricNames.declare(
            counters: [
                MetricNames.resumes, MetricNames.entriesReplayed, MetricNames.slowConsumers,
                MetricNames.permissionDenied, MetricNames.rateLimited, MetricNames.messageSendFailures,
            ],
            gauges: [MetricNames.seatAuthorityAway, MetricNames.seatsHeld, MetricNames.socketsOpen],
            histograms: [MetricNames.httpLatency])
    }

    /// A socket that asked to be let in has its answer: its first frame, or the close that refuses it.
    func answered(_ target: SocketRequest.Target, after elapsed: Duration) {
        let route =
            switch target {
            case .room: "/ws/{room}"
            case .status: "/ws/status"
            case .unknown: "unmatched"
            }
        Metrics.Timer(
            label: MetricNames.httpLatency, dimensions: [("method", "GET"), ("route", route), ("status", "101")]
        ).recordNanoseconds(Int64(elapsed / .nanoseconds(1)))
    }

    func socketOpened() {
        socketsOpen.record(
            open.withLock {
                $0 += 1; return $0
            })
    }

    func socketClosed(_ code: CloseCode?) {
        socketsOpen.record(
            open.withLock {
                $0 -= 1; return $0
            })
        if code == .slowConsumer { slowConsumers.increment() }
        if let code { refusals[code]?.increment() }
    }

    func resumed() { resumes.increment() }

    func replayed(_ entries: Int) { entriesReplayed.increment(by: Int64(entries)) }

    func seatAuthority(isAway: Bool) { seatAuthorityAway.record(isAway ? 1 : 0) }

    func seats(held: Int) { seatsHeld.record(held) }

    var openSockets: Int { open.withLock { $0 } }

    /// - Parameter room: the room's code, or "-".
    func denied(_ userId: UserID, _ room: String, action: String) {
        permissionDenied.increment()
        logger.info(
            "permission_denied",
            metadata: [LogKeys.userID: "\(userId)", LogKeys.roomID: "\(room)", LogKeys.action: "\(action)"])
    }

    /// Another service refused what somebody asked for over a socket.
    func refused(_ userId: UserID, _ room: RoomCode, action: String, with code: String) {
        switch ErrorCode(rawValue: code) {
        case .forbidden, .accountBanned, .notAMember, .banned, .muted: denied(userId, "\(room)", action: action)
        case .rateLimited: limited(userId)
        default: break
        }
    }

    func limited(_ userId: UserID) {
        rateLimited.increment()
        logger.info("rate_limit_exceeded", metadata: [LogKeys.userID: "\(userId)"])
    }
}
