internal import AMQP
internal import Identifiers
internal import Logging
internal import Postgres
internal import ServiceLifecycle
internal import ServiceSupport

extension Outbox {
    /// Deletes what is confirmed, catches up with what was left, and takes turns at relaying. Until cancelled or
    /// gracefully shut down.
    public func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await flushWhenConfirmed() }
            group.addTask { [self] in await catchUpWhenBehind() }
            group.addTask { [self] in await relayWhenLeading() }
            group.addTask { [self] in await standForRelay() }
            group.addTask { [self] in await watchBroker() }
            group.addTask { [self] in await proveAlive() }
            group.addTask { [self] in await tick() }
            group.addTask { try? await gracefulShutdown() }
            // Only the last one ends by itself.
            await group.next()
            group.cancelAll()
        }
        try? await flush()
    }

    // MARK: - Confirmed rows

    /// Under load each pass takes what was confirmed during the last one and the pause after it.
    private static let flushPause = Duration.milliseconds(20)

    private func flushWhenConfirmed() async {
        var backoff = Backoff()
        for await _ in settled.stream {
            do {
                try await flush()
                backoff.reset()
                try? await Task.sleep(for: Self.flushPause)
            } catch {
                settled.send()
                try? await Task.sleep(for: backoff.next())
            }
        }
    }

    /// Deletes what the broker has, and puts off what it would not have.
    func flush() async throws {
        let (confirmed, refused) = takeSettled()
        guard !confirmed.isEmpty || !refused.isEmpty else { return }
        do {
            if !confirmed.isEmpty { try await store.delete(confirmed) }
            if !refused.isEmpty { try await store.putOff(refused) }
            forget(confirmed + refused)
        } catch {
            putBack(confirmed: confirmed, refused: refused)
            throw error
        }
    }

    // MARK: - Catching up

    /// So few rows are waited for while new events are held back.
    private static let few = 500
    private static let pace = Duration.milliseconds(50)
    private static let patience = Duration.seconds(5)

    private func catchUpWhenBehind() async {
        for await _ in behind.stream {
            while !isDirect, !Task.isCancelled {
                do {
                    // Also while our broker is away: another instance may reach it.
                    try await leaveRowsToRelay()
                    waiting.send()
                    guard publisher.isAvailable else { break }
                    try await catchUp()
                } catch {
                    fallBehind()
                    logger.debug("not caught up yet", metadata: [LogKeys.error: "\(error)"])
                }
                if !isDirect { try? await Task.sleep(for: Self.pace) }
            }
        }
    }

    /// Goes back to publishing at once, after everything that was committed before.
    private func catchUp() async throws {
        guard try await store.waiting(limit: Self.few).count < Self.few else { return }
        let deadline = ContinuousClock.now + Self.patience
        // Who stores from now on is held back; who stored before is seen in the table once committed.
        beginCatchingUp()
        while !isSettled {
            guard ContinuousClock.now < deadline else { return fallBehind() }
            try await Task.sleep(for: .milliseconds(1))
        }
        try await leaveRowsToRelay()
        let (count, last) = try await store.waiting(limit: Self.few * 4)
        guard count < Self.few * 4 else { return fallBehind() }
        waiting.send()
        while try await store.isWaiting(upTo: last) {
            guard publisher.isAvailable, ContinuousClock.now < deadline else { return fallBehind() }
            try await Task.sleep(for: .milliseconds(5))
        }
        endCatchingUp()
    }

    private func watchBroker() async {
        for await isUp in publisher.availability() {
            // What others left meanwhile must leave before what we commit next, also where we had nothing to publish.
            if isUp { behind.send() } else { fallBehind() }
        }
    }

    // MARK: - Owners

    /// Holds the lock that tells other instances to leave our rows to us.
    private func proveAlive() async {
        let leader = PGLeader(pool.configuration, logger: logger)
        var backoff = Backoff()
        while !Task.isCancelled {
            try? await leader.lead(OutboxStore.lockName(of: store.owner)) {
                while !Task.isCancelled { try? await Task.sleep(for: .seconds(3600)) }
            }
            try? await Task.sleep(for: backoff.next())
        }
    }

    private static let tickInterval = Duration.seconds(1)
    /// A row this old was forgotten: its commit's outcome was unknown, or its deletion was lost.
    private static let forgottenAfter = Duration.seconds(10)

    private func tick() async {
        while !Task.isCancelled {
            do {
                let status = try await store.status()
                metrics.set(status)
                if status.size > 0 {
                    if try await store.disownTheDead() > 0 {
                        logger.notice("events of an instance that is gone are relayed")
                    }
                    if .seconds(status.ownLag) > Self.forgottenAfter {
                        try await leaveForgottenRows(olderThan: Self.forgottenAfter)
                    }
                    waiting.send()
                }
                // Also where catching up ended for want of the broker or the database.
                if !isDirect { behind.send() }
            } catch {
                let isAway = (error as? PGError)?.isUnavailable == true
                logger.log(
                    level: isAway ? .debug : .warning, "outbox status unknown",
                    metadata: [LogKeys.error: "\(error)"])
            }
            try? await Task.sleep(for: Self.tickInterval)
        }
    }
}
