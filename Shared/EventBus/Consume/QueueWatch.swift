public import AMQP
public import Logging
internal import Metrics
public import ServiceLifecycle
internal import ServiceSupport

/// Tells how many events wait in a work queue, and how many lie with its dead letters, as `queue_depth{queue}`.
///
/// Every instance of a service tells the same. While the broker is away the last known numbers stay.
public struct QueueWatch: Service {
    private let queues: [(name: String, depth: Meter)]
    private let configuration: AMQPConfiguration
    private let interval: Duration
    private let logger: Logger

    public init(_ queue: WorkQueue, amqp: AMQPConfiguration, every interval: Duration = .seconds(15), logger: Logger) {
        queues = [queue.name, EventTopology.deadLetters(of: queue.name)].map {
            ($0, Meter(label: MetricNames.queueDepth, dimensions: [("queue", $0)]))
        }
        for queue in queues { queue.depth.set(0) }
        var configuration = amqp
        configuration.connectionName += " queue watch"
        // Nothing is sent between two looks; a connection that died meanwhile is noticed by the next.
        configuration.heartbeat = .zero
        self.configuration = configuration
        self.interval = interval
        self.logger = logger
    }

    public func run() async throws {
        let browser = AMQPBrowser(configuration)
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await look(browser)
                try? await Task.sleep(for: interval)
            }
        }
        await browser.close()
    }

    private func look(_ browser: AMQPBrowser) async {
        do {
            for queue in queues {
                if let count = try await browser.messageCount(of: queue.name) { queue.depth.set(count) }
            }
        } catch {
            logger.debug("queues cannot be looked at", metadata: [LogKeys.error: "\(error)"])
            await browser.close()
        }
    }
}
