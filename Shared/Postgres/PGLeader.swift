internal import IOReactor
public import Logging
internal import ServiceLifecycle

/// One leader among the processes that use a database: who holds an advisory lock on a link of its own.
///
/// The server frees the lock when the leader's process or connection ends, and the next one in line has it at once.
/// Leadership is a hint, not a fence: a leader cut off from the server learns of it up to `detectionTime` later than
/// its successor, so what leaders do must be harmless for a moment of two.
public struct PGLeader: Sendable {
    private let configuration: PGConfiguration
    private let logger: Logger
    /// How often the leader asks the server whether its link lives, and how long it waits for the answer.
    private let heartbeat: Duration
    private let reactor = Reactor(name: "pg-leader")

    /// - Parameter heartbeat: half of the time within which a leader notices that a silent server is gone.
    public init(_ configuration: PGConfiguration, heartbeat: Duration = .seconds(2), logger: Logger) {
        var own = configuration
        // Waiting in line may take for ever; the heartbeat has a deadline of its own.
        own.statementTimeout = .zero
        self.configuration = own
        self.heartbeat = heartbeat
        self.logger = logger
    }

    /// Waits until this process leads `name`, then runs `body`; returns when `body` does.
    ///
    /// When the link is lost `body` is cancelled, and is run again once this process leads again. A graceful shutdown
    /// ends the wait; `body`, once it runs, is to notice it itself. The lock is released when `body` has ended.
    /// - Throws: what `body` throws of its own accord, `CancellationError`
    public func lead(_ name: String, _ body: @escaping @Sendable () async throws -> Void) async throws {
        while let link = try await waitInLine(name) {
            logger.info("leading", metadata: ["name": "\(name)"])
            if try await runWhileHolding(link, body) { return }
            logger.warning("leadership lost", metadata: ["name": "\(name)"])
        }
    }

    /// The link that holds the lock; nil when a graceful shutdown came first.
    private func waitInLine(_ name: String) async throws -> PGLink? {
        do {
            return try await cancelWhenGracefulShutdown { try await lock(name) }
        } catch is CancellationError where !Task.isCancelled {
            return nil
        }
    }

    private func lock(_ name: String) async throws -> PGLink {
        let backoff = PGBackoff(minimum: configuration.minimumBackoff, maximum: configuration.maximumBackoff)
        var failures = 0
        while true {
            do {
                let link = try await OwnThread.run("pg-connect") { try PGLink.open(configuration, reactor) }
                _ = try await link.run("SELECT pg_advisory_lock(hashtextextended(\("lead " + name), 0))")
                link.patience = heartbeat.wholeNanoseconds
                return link
            } catch let error as PGError where error.isUnavailable {
                failures += 1
                logger.debug("no leader can be elected", metadata: ["name": "\(name)", "error": "\(error)"])
                try await Task.sleep(for: backoff.pause(after: failures, jitter: .random(in: 0..<1)))
            }
        }
    }

    /// Whether `body` came to its own end; false when it was cancelled because the link is lost.
    private func runWhileHolding(
        _ link: PGLink, _ body: @escaping @Sendable () async throws -> Void
    ) async throws -> Bool {
        let end = await withTaskGroup(of: End.self) { group in
            group.addTask {
                do {
                    return .body(.success(try await body()))
                } catch {
                    return .body(.failure(error))
                }
            }
            group.addTask {
                await watch(link)
                return .linkLost
            }
            // The first one decides, and the other is cancelled and awaited: the lock outlives the body, not the other
            // way round.
            let first = await group.next()
            group.cancelAll()
            await group.waitForAll()
            return first
        }
        switch end {
        case .body(let result):
            try result.get()
            return true
        case .linkLost, nil:
            try Task.checkCancellation()
            return false
        }
    }

    private enum End: Sendable {
        case body(Result<Void, any Error>)
        case linkLost
    }

    /// Returns when the link is lost, or its task cancelled.
    private func watch(_ link: PGLink) async {
        while !Task.isCancelled {
            do {
                // An idle link has nothing to say but that it ends.
                _ = try await link.reactor.ready(link.socket, .read, deadline: .now + heartbeat)
                guard link.isPeerPresent() else { return }
            } catch is DeadlineExceeded {
                guard (try? await link.run("SELECT 1")) != nil else { return }
            } catch {
                return
            }
        }
    }
}
