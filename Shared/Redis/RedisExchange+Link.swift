import Synchronization

/// What the link and its supervisor do with the exchange.
extension RedisExchange {
    /// Commands may be sent from now on, over a socket that stays open until `lost`.
    func opened(_ socket: Int32) {
        state.withLock { $0.status = .open(socket) }
        announce()
    }

    /// The connection is gone: ends every call that was on it, and refuses new ones until `opened()`.
    func lost(_ error: RedisError) {
        let (failed, drainer) = state.withLock { state in
            state.status = .away(reason: error.message)
            state.output = []
            let failed = state.calls.fail(error, now: .now)
            return (failed, state.takeDrainer())
        }
        announce()
        Self.resume(failed)
        drainer?.resume()
    }

    /// Suspends the link's writer until there is something to write, or its task is cancelled.
    func awaitOutput(isolation: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            // Keeps the closure on the link's thread.
            _ = isolation
            await withUnsafeContinuation { continuation in
                let ready = state.withLock { state in
                    // The handler below may have run before there was anybody to wake.
                    if !state.output.isEmpty || Task.isCancelled { return true }
                    state.writer = continuation
                    return false
                }
                if ready { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.writer.take() }?.resume()
        }
    }

    /// Gives all commands queued so far for `spent`, an empty buffer whose memory is used again.
    func takeOutput(_ spent: inout [UInt8]) {
        state.withLock { swap(&$0.output, &spent) }
    }

    /// Hands over replies in the order they came.
    func deliver(_ replies: [RedisValue]) throws(RedisError) {
        let result = state.withLock { state in
            Result { () throws(PendingCalls<RedisWaiter>.UnexpectedReply) in
                (try state.calls.deliver(replies), state.takeDrainer())
            }
        }
        switch result {
        case .success((let done, let drainer)):
            Self.resume(done)
            drainer?.resume()
        case .failure:
            throw RedisError(.unavailable, "the server sent a reply that nobody asked for")
        }
    }

    /// Lets callers go whose deadline has passed, and says since when the server owes a reply.
    func expire(now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
        let (expired, drainer, oldest) = state.withLock { state in
            (state.calls.expire(now: now), state.takeDrainer(), state.calls.oldest)
        }
        Self.resume(expired)
        drainer?.resume()
        return oldest
    }

    /// Makes a server say whether it is there and takes writes.
    func probe() {
        submit(
            RedisProbe.command.bytes, commands: 1, asPipeline: false, ticket: nextTicket(), waiter: .nobody)
    }

    private static func resume(_ completions: [PendingCalls<RedisWaiter>.Completion]) {
        for completion in completions { completion.waiter.resume(completion.outcome) }
    }
}
