internal import IOReactor

/// The patience of one flight: when it ends, and what a cancelled task does about it.
struct PGWait {
    private let link: PGLink
    private var deadline: MonotonicInstant?
    private var ignoresCancellation: Bool
    private var request: PGCancelRequest?
    private var nextRequest: MonotonicInstant?

    /// Between two requests to cancel.
    private static let repeatAfter = Duration.milliseconds(100)

    init(_ link: PGLink, ignoringCancellation: Bool) {
        self.link = link
        deadline = link.patience.map { MonotonicInstant.now + $0 }
        ignoresCancellation = ignoringCancellation
    }

    var isCancelled: Bool { request != nil }

    /// Waits for the server. When the task is cancelled, asks the server to stop and waits on for its answer. A server
    /// forgets a request that comes before a statement or between its messages, so it is asked until it answers.
    ///
    /// - Throws: `PGError` of kind `.timeout`
    mutating func ready(_ interest: Interest) async throws -> Interest {
        while true {
            do {
                return try await link.reactor.ready(
                    link.socket, interest, until: nextEnd, ignoringCancellation: ignoresCancellation)
            } catch is CancellationError {
                ignoresCancellation = true
                let grace = MonotonicInstant.now + link.answerGrace
                deadline = deadline.map { min($0, grace) } ?? grace
                askToStop()
            } catch is DeadlineExceeded {
                guard isCancelled else { throw PGError(.timeout, "the server did not answer in time") }
                if let deadline, deadline <= .now { throw CancellationError() }
                askToStop()
            } catch {
                throw PGError(.connection, "the link's reactor cannot wait: \(error)")
            }
        }
    }

    private var nextEnd: MonotonicInstant? {
        guard let deadline, let nextRequest else { return deadline }
        return min(deadline, nextRequest)
    }

    /// One request at a time: the last one is the only one that may still hit something.
    private mutating func askToStop() {
        if request?.hasArrived ?? true { request = PGCancelRequest(link.cancelKey) }
        nextRequest = .now + Self.repeatAfter
    }

    /// Waits until a cancel request can hit nobody any more; false when the link must not be used again.
    func settleCancellation() async -> Bool {
        guard let request else { return true }
        return await request.isOver(by: MonotonicInstant.now + link.answerGrace, link.reactor)
    }
}
