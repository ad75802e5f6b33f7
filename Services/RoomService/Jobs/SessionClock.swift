import HTTPSupport
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport

/// Ends tracks when they are over and starts the next. Every instance keeps the clock; the row's lock lets one do it.
///
/// It sleeps until the next track is over, but looks now and then what other instances started.
struct SessionClock: Service {
    static let job = "session_clock"
    /// How late a track may be that an instance started which then died.
    private static let look: Duration = .seconds(1)
    /// Where a room is busy.
    private static let pause: Duration = .milliseconds(20)
    private static let batch = 50
    private static let width = 8

    let store: RoomStore
    let seats: Seats
    let health: Health
    let logger: Logger

    func run() async throws {
        health.declare(job: Self.job)
        await cancelWhenGracefulShutdown {
            var backoff = Backoff(first: .milliseconds(100), limit: .seconds(2))
            while !Task.isCancelled {
                do {
                    let wait = try await advance()
                    backoff.reset()
                    health.ran(job: Self.job, at: .now(), error: nil)
                    await store.sessionNews.dueTimes.wait(atMost: wait)
                } catch {
                    guard !Task.isCancelled else { return }
                    health.ran(job: Self.job, at: .now(), error: error)
                    logger.warning("tracks that are over cannot be read", metadata: [LogKeys.error: "\(error)"])
                    try? await Task.sleep(for: backoff.next())
                }
            }
        }
    }

    /// Starts what is due.
    ///
    /// - Returns: how long to wait for the next.
    func advance() async throws -> Duration {
        let (due, next) = try await store.dueSessions(limit: Self.batch)
        guard !due.isEmpty else { return next.map { min($0 + .milliseconds(1), Self.look) } ?? Self.look }
        let isDone = await withTaskGroup(of: Bool.self) { group in
            var isDone = true
            for (index, session) in due.enumerated() {
                if index >= Self.width, let result = await group.next() { isDone = isDone && result }
                group.addTask { await advance(session) }
            }
            for await result in group { isDone = isDone && result }
            return isDone
        }
        return isDone ? .zero : Self.pause
    }

    /// One that fails does not hold up the others; it is tried again.
    private func advance(_ session: RoomStore.DueSession) async -> Bool {
        do {
            return try await store.advanceIfDue(session, seated: await seats.listeners(in: session.room.code))
        } catch {
            logger.warning(
                "a track that is over was not followed by the next",
                metadata: [LogKeys.roomID: "\(session.room.code)", LogKeys.error: "\(String(reflecting: error))"])
            try? await Task.sleep(for: .milliseconds(200))
            return false
        }
    }
}

extension Seats {
    /// Who sits in a room and so listens to its session, if they joined it.
    func listeners(in code: RoomCode) async -> Seated { await holders(of: code).map(Seated.known) ?? .lastSeen }
}
