public import Identifiers
import Synchronization

/// What a service knows of its own condition: what it depends on, and how its jobs fare.
public final class Health: Sendable {
    public enum Dependency: String, Sendable, CaseIterable { case postgres, redis, rabbitmq }

    /// A background job as `/health` shows it.
    public struct Job: Encodable, Sendable, Equatable {
        public var name: String
        public var lastRunAt: Timestamp?
        public var lastError: String?

        private enum Field: String, CodingKey { case name, lastRunAt, lastError }

        public func encode(to encoder: any Encoder) throws {
            var fields = encoder.container(keyedBy: Field.self)
            try fields.encode(name, forKey: .name)
            try fields.encode(lastRunAt, forKey: .lastRunAt)
            try fields.encode(lastError, forKey: .lastError)
        }
    }

    private struct State {
        var jobs: [Job] = []
        var isDraining = false
    }

    private let checks: [Dependency: @Sendable () -> Bool]
    private let essential: Set<Dependency>
    private let state = Mutex(State())

    /// - Parameters:
    ///   - essential: without these the service cannot serve.
    ///   - checks: whether each dependency is there right now; they answer from what is known and wait for nothing.
    public init(essential: Set<Dependency>, checks: [Dependency: @Sendable () -> Bool]) {
        self.essential = essential
        self.checks = checks
    }

    /// Makes a job appear before its first run.
    public func declare(job name: String) {
        state.withLock { $0.jobs.append(Job(name: name, lastRunAt: nil, lastError: nil)) }
    }

    /// Notes a run of a job; `error` is `nil` after a success.
    public func ran(job name: String, at time: Timestamp, error: (any Error)?) {
        ran(job: name, at: time, lastError: error.map { "\(type(of: $0))" })
    }

    /// The same for a run by another instance, of which only the text is known.
    public func ran(job name: String, at time: Timestamp, lastError: String?) {
        state.withLock { state in
            let job = Job(name: name, lastRunAt: time, lastError: lastError)
            if let index = state.jobs.firstIndex(where: { $0.name == name }) {
                state.jobs[index] = job
            } else {
                state.jobs.append(job)
            }
        }
    }

    /// From now on the service is not ready: it is about to stop.
    public func drain() { state.withLock { $0.isDraining = true } }

    public var jobs: [Job] { state.withLock { $0.jobs } }

    /// What `/ready` tells.
    public var readiness: Readiness {
        let isUp = checks.mapValues { $0() }
        let down = Set(isUp.filter { !$0.value }.keys)
        let isDraining = state.withLock { $0.isDraining }
        let status: String =
            if isDraining { "draining" } else if !down.isDisjoint(with: essential) {
                "unavailable"
            } else if down.isEmpty {
                "ready"
            } else { "degraded" }
        return Readiness(
            status: status,
            dependencies: Dictionary(uniqueKeysWithValues: isUp.map { ($0.key.rawValue, $0.value ? "up" : "down") }),
            degraded: down.map { "\($0.rawValue)_away" }.sorted(),
            canServe: !isDraining && down.isDisjoint(with: essential))
    }

    public struct Readiness: Encodable, Sendable {
        /// `ready`, `degraded`, `unavailable` or `draining`.
        public var status: String
        /// `up` or `down` by name.
        public var dependencies: [String: String]
        /// The degraded modes in force, such as `redis_away`.
        public var degraded: [String]
        /// Decides between 200 and 503.
        public var canServe: Bool

        private enum CodingKeys: String, CodingKey { case status, dependencies, degraded }
    }
}
