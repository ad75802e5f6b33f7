import Identifiers

/// What plays in a session, and where it stands. Pure: the caller brings the time, which is the database's.
///
/// The position is the time since ``startedAt``, so that who comes late needs nothing else.
struct Playback: Sendable, Equatable {
    var item: QueueItem
    /// A resume moves it.
    private(set) var startedAt: Timestamp
    private(set) var pausedAt: Timestamp?

    init(_ item: QueueItem, startedAt: Timestamp, pausedAt: Timestamp? = nil) {
        self.item = item
        self.startedAt = startedAt
        self.pausedAt = pausedAt
    }

    /// When it ends by itself; `nil` while it is paused, and for a track of unknown length.
    var endsAt: Timestamp? {
        guard pausedAt == nil, let length = item.length else { return nil }
        return startedAt + length
    }

    func hasEnded(at now: Timestamp) -> Bool { endsAt.map { $0 <= now } ?? false }

    /// Never outside of the track, also where its end has yet to be noticed.
    func position(at now: Timestamp) -> Duration {
        let position = max(.zero, (pausedAt ?? now).since(startedAt))
        return item.length.map { min(position, $0) } ?? position
    }

    /// - Returns: false where it was paused already.
    mutating func pause(at now: Timestamp) -> Bool {
        guard pausedAt == nil else { return false }
        // What was over at that moment, noticed or not, is paused at its end and goes on from there.
        pausedAt = startedAt + position(at: now)
        return true
    }

    /// Goes on where it was paused.
    ///
    /// - Returns: false where it was not.
    mutating func resume(at now: Timestamp) -> Bool {
        guard let pausedAt else { return false }
        startedAt = now - pausedAt.since(startedAt)
        self.pausedAt = nil
        return true
    }
}
