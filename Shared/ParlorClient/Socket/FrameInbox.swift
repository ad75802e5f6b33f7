import Synchronization

/// Keeps what a socket was told, for those who look for one frame among many.
public final class FrameInbox: Sendable {
    private let state = Mutex<[ParlorFrame]>([])

    private let onFrame: @Sendable (ParlorFrame) -> Void

    /// - Parameter onFrame: told every frame as it comes, for tests that hold frames against the API's description.
    public init(onFrame: @escaping @Sendable (ParlorFrame) -> Void = { _ in }) { self.onFrame = onFrame }

    /// All frames so far, in order.
    public var frames: [ParlorFrame] { state.withLock { $0 } }

    /// The timeline entries among them.
    public var entries: [ParlorFrame] { frames.filter { $0.entrySeq != nil } }

    func record(_ frame: ParlorFrame) {
        state.withLock { $0.append(frame) }
        onFrame(frame)
    }

    /// The first frame that satisfies `condition`, which may have come already.
    ///
    /// - Throws: `ParlorClientError.unexpected` saying what came instead, when `limit` is over; what `stop` throws.
    @discardableResult
    public func first(
        _ what: String, within limit: Duration = .seconds(30), unless stop: () throws -> Void = {},
        where condition: (ParlorFrame) -> Bool
    ) async throws -> ParlorFrame {
        let deadline = ContinuousClock.now + limit
        var seen = 0
        while true {
            // Asked before looking, so that what came just before the end is still found.
            let end = Result { try stop() }
            let fresh = state.withLock { $0[seen...] }
            if let frame = fresh.first(where: condition) { return frame }
            seen += fresh.count
            try end.get()
            guard ContinuousClock.now < deadline else {
                let types = frames.suffix(20).map { $0.type }.joined(separator: ", ")
                throw ParlorClientError.unexpected("\(what) did not come within \(limit); the last that came: \(types)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
    }
}
