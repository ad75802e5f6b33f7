import HTTPSupport
import Logging
import NIOCore
import ServiceLifecycle
import ServiceSupport

/// When each socket is told to go elsewhere. Pure.
struct DrainPlan: Sendable, Equatable {
    struct Step: Sendable, Equatable {
        /// After the drain began.
        var tellAt: Duration
        /// What the client is told to wait from then on.
        var reconnectAfter: Duration
    }

    let time: Duration

    /// The step of one of `count` sockets. The word goes out over the first half, and each client is told to wait as
    /// long again, so that reconnects are spread evenly over the whole.
    func step(_ index: Int, of count: Int) -> Step {
        // The last moments are left for who comes late.
        let slot = time * 0.9 * (Double(index) / Double(max(1, count)))
        return Step(tellAt: slot / 2, reconnectAfter: slot / 2)
    }
}

/// Empties the node in good order when it is to stop: not ready, nobody new, everybody told in time.
final class Drainer: Service {
    private let plan: DrainPlan
    private let health: Health
    private let joiner: Joiner
    private let server: SocketServer
    private let relay: LiveRelay
    private let logger: Logger

    init(time: Duration, health: Health, joiner: Joiner, server: SocketServer, relay: LiveRelay, logger: Logger) {
        plan = DrainPlan(time: time)
        self.health = health
        self.joiner = joiner
        self.server = server
        self.relay = relay
        self.logger = logger
    }

    func run() async throws {
        // Cancelled, the process goes at once.
        guard (try? await gracefulShutdown()) != nil else { return }
        health.drain()
        joiner.drain()
        let plan = plan
        logger.info("draining", metadata: ["sockets": "\(joiner.metrics.openSockets)"])
        let end = ContinuousClock.now + plan.time
        await server.forEachShard { shard in
            shard.isDraining = true
            let count = shard.sessions.count
            for (index, session) in shard.sessions.enumerated() {
                let step = plan.step(index, of: count)
                let reference = session.reference
                shard.loop.scheduleTask(in: .nanoseconds(Int64(step.tellAt / .nanoseconds(1)))) {
                    reference.post(ServerFrame.draining(reconnectAfterMs: Int(step.reconnectAfter / .milliseconds(1))))
                }
            }
        }
        while .now < end, joiner.metrics.openSockets > 0 { try? await Task.sleep(for: .milliseconds(100)) }
        await server.forEachShard { shard in
            for session in shard.sessions { session.close(.draining) }
        }
        // Seats stay: what the authority must hear is only that the connections are gone.
        let settled = ContinuousClock.now + .seconds(3)
        while .now < settled, await isBusy { try? await Task.sleep(for: .milliseconds(50)) }
        relay.goodbye()
        logger.info("drained")
    }

    private var isBusy: Bool {
        get async {
            for room in joiner.hub.rooms where await !room.isIdle { return true }
            return false
        }
    }
}
