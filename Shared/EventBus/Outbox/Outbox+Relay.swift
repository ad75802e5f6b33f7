internal import AMQP
internal import Logging
internal import Postgres
internal import ServiceSupport

/// The relay: one instance at a time publishes what has no owner, in the order in which it was stored, whoever stored it.
extension Outbox {
    private static let pageSize = 500

    /// After the last row it is looked for more so often: whoever is behind goes on to store.
    private static let furtherLooks = 50
    private static let pause = Duration.milliseconds(20)

    /// Takes the lead when nobody has it, for as long as the broker is there: a leader without a broker steps back.
    func standForRelay() async {
        let leader = PGLeader(pool.configuration, logger: logger)
        // Services share a database, and each has a table of its own.
        let name = "outbox relay of \(pool.configuration.schema ?? "public")"
        var backoff = Backoff()
        while !Task.isCancelled {
            for await isUp in publisher.availability() where isUp { break }
            try? await leader.lead(name) { [self] in
                // What the last leader took with it is older than what waits already.
                _ = try await store.disownTheDead()
                isLeading = true
                defer { isLeading = false }
                waiting.send()
                for await isUp in publisher.availability() where !isUp { break }
            }
            guard !Task.isCancelled else { return }
            try? await Task.sleep(for: backoff.next())
        }
    }

    func relayWhenLeading() async {
        var backoff = Backoff()
        for await _ in waiting.stream {
            var looks = 1
            while looks > 0, isLeading, publisher.isAvailable, !Task.isCancelled {
                do {
                    if try await relayPage() {
                        looks = Self.furtherLooks
                        backoff.reset()
                        continue
                    }
                    looks -= 1
                    if looks > 0 { try await Task.sleep(for: Self.pause) }
                } catch {
                    logger.debug("events are not relayed", metadata: [LogKeys.error: "\(error)"])
                    try? await Task.sleep(for: backoff.next())
                }
            }
        }
    }

    /// Publishes the oldest rows; false where there are none.
    private func relayPage() async throws -> Bool {
        let events = try await store.page(limit: Self.pageSize)
        guard !events.isEmpty else { return false }
        let outcome = PublishOutcome(events, await publisher.publish(outgoing(events)))
        note(outcome)
        if !outcome.confirmed.isEmpty { try await store.delete(outcome.confirmed) }
        if !outcome.refused.isEmpty { try await store.putOff(outcome.refused) }
        if let failure = outcome.failure { throw failure }
        return true
    }
}
