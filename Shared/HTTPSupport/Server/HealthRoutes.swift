import Hummingbird
import HTTPTypes
import NIOCore
import ServiceSupport

/// `/health`, `/ready` and `/metrics`, the same for every service.
public struct HealthRoutes: Sendable {
    private let health: Health

    public init(health: Health) { self.health = health }

    func add(to group: RouterGroup<AppContext>) {
        group.get("health") { _, _ in try Response.json(liveness) }
        group.get("ready") { _, _ in
            let readiness = health.readiness
            return try Response.json(readiness, status: readiness.canServe ? .ok : .serviceUnavailable)
        }
        group.get("metrics") { _, _ in
            Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: Bootstrap.metrics.exposition())))
        }
    }

    /// What `/health` tells: the process lives, and how its jobs fare.
    public var liveness: Liveness { Liveness(status: "ok", jobs: health.jobs) }

    public struct Liveness: Encodable, Sendable {
        public var status: String
        public var jobs: [Health.Job]
    }
}
