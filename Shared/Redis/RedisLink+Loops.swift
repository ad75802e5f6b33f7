import IOReactor

/// The two loops of an open connection. Each returns what ended it.
extension RedisLink {
    /// One write carries what all callers queued since the last one.
    func write() async -> RedisError {
        var buffer: [UInt8] = []
        do {
            while true {
                await exchange.awaitOutput()
                if Task.isCancelled { return .closing }
                exchange.takeOutput(&buffer)
                try append(buffer)
                // A burst's memory is not kept for ever.
                if buffer.capacity > 1 << 20 { buffer = [] } else { buffer.removeAll(keepingCapacity: true) }
                try await flush(until: nil)
            }
        } catch {
            return error
        }
    }

    func read() async -> RedisError {
        let tick = min(max(configuration.commandTimeout / 4, .milliseconds(5)), .milliseconds(50))
        var nextCheck = ContinuousClock.now + tick
        var nextProbe = ContinuousClock.now + configuration.keepAlive
        do throws(RedisError) {
            while true {
                try await waitForReplies(until: nextCheck)
                // Also after a tick: replies may have come while this thread had no time.
                if let replies = try receive() {
                    lastHeard = .now
                    try exchange.deliver(replies)
                    for reply in replies where RedisProbe.isRefusal(reply) {
                        throw RedisError(.unavailable, "the server takes no writes: \(reply)")
                    }
                }
                let now = ContinuousClock.now
                guard now >= nextCheck else { continue }
                nextCheck = now + tick
                try supervise(now: now)
                if now >= nextProbe {
                    nextProbe = now + configuration.keepAlive
                    exchange.probe()
                }
            }
        } catch {
            return error
        }
    }

    private func waitForReplies(until tick: ContinuousClock.Instant) async throws(RedisError) {
        do {
            try await wait(.read, until: tick)
        } catch  where error.kind == .timeout {
            // The tick.
        }
    }

    /// Once a tick: ends calls that are due, gives up a server that went silent.
    private func supervise(now: ContinuousClock.Instant) throws(RedisError) {
        guard let asked = exchange.expire(now: now) else { return }
        // Behind a slow command callers wait in vain while replies keep coming; a stalled server says nothing at all.
        guard now - max(asked, lastHeard) < configuration.commandTimeout else {
            throw RedisError(.unavailable, "the server went silent")
        }
    }
}
