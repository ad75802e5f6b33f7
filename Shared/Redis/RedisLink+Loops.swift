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
        let tick = max(configuration.commandTimeout / 4, .milliseconds(5))
        var nextCheck = ContinuousClock.now + tick
        var isAsked = false
        do {
            while true {
                try await waitForReplies(until: nextCheck)
                // Also after a tick: replies may have come while this thread had no time.
                if let replies = try receive() {
                    lastHeard = .now
                    isAsked = false
                    try exchange.deliver(replies)
                }
                let now = ContinuousClock.now
                guard now >= nextCheck else { continue }
                nextCheck = now + tick
                try supervise(now: now, isAsked: &isAsked)
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

    /// Once a tick: ends calls that are due, gives up a server that went silent, asks one that is quiet.
    private func supervise(now: ContinuousClock.Instant, isAsked: inout Bool) throws(RedisError) {
        let silence = now - lastHeard
        let hasExpired = exchange.expire()
        // Behind a slow command callers wait in vain while replies keep coming; a stalled server says nothing at all.
        if hasExpired || isAsked, silence >= configuration.commandTimeout {
            throw RedisError(.unavailable, "the server went silent")
        }
        if !isAsked, silence >= configuration.keepAlive {
            isAsked = true
            lastHeard = now
            exchange.ping()
        }
    }
}
