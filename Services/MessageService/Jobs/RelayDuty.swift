import AMQP
import Postgres
import ServiceLifecycle
import ServiceSupport

/// Runs the relay on one instance, for as long as that one reaches the broker: without it, it steps back for another.
struct RelayDuty: Service {
    static let name = "message-relay"

    let leader: PGLeader
    let publisher: AMQPPublisher
    let job: PeriodicJob

    func run() async throws {
        await cancelWhenGracefulShutdown {
            var backoff = Backoff()
            while !Task.isCancelled {
                for await isUp in publisher.availability() where isUp { break }
                try? await leader.lead(Self.name) { await relayWhileReachable() }
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    private func relayWhileReachable() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await job.repeatUntilCancelled() }
            group.addTask { for await isUp in publisher.availability() where !isUp { break } }
            await group.next()
            group.cancelAll()
        }
    }
}
