import IOReactor
import Logging

/// Opens a connection, serves it until it breaks, and opens the next one.
struct RedisSupervisor {
    let configuration: RedisConfiguration
    let exchange: RedisExchange
    let logger: Logger

    /// Returns when its task is cancelled.
    func run() async {
        let reactor = Reactor(name: "redis")
        defer { reactor.shutdown() }
        // What waits for a descriptor is woken on its task's executor, before it goes to the actor's.
        await withTaskExecutorPreference(ReactorTasks(reactor)) { await stayConnected(on: reactor) }
    }

    private func stayConnected(on reactor: Reactor) async {
        var backoff = RedisBackoff()
        var isAway = false
        while !Task.isCancelled {
            let link = RedisLink(configuration, exchange: exchange, reactor: reactor)
            do {
                try await link.connect()
                logger.info("redis is there", metadata: ["redis": "\(configuration)"])
                isAway = false
                backoff.reset()
                exchange.opened(try await link.socket)
                try await link.serve()
            } catch {
                exchange.lost(error)
                // Once per outage; the reason stays readable in the callers' errors.
                if !isAway, !Task.isCancelled {
                    logger.warning("redis is away", metadata: ["redis": "\(configuration)", "error": "\(error)"])
                }
                isAway = true
            }
            await link.close()
            try? await Task.sleep(for: backoff.next())
        }
    }
}
