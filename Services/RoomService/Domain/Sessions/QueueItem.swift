import Events
import Identifiers

/// A track that somebody put into a session's queue: waiting, playing or played.
struct QueueItem: Sendable, Equatable {
    var id: QueueItemID
    var addedBy: UserID
    var track: TrackRef
    /// The number of its coming.
    var position: Int
    var upvotes = 0
    var downvotes = 0
    /// When it began to play; `nil` while it waits.
    var playedAt: Timestamp?
    var isSkipped = false

    /// `nil` for a track that nobody knows the length of, such as a stream: it plays until it is skipped.
    var length: Duration? { track.durationMs.map { .milliseconds($0) } }

    /// With one voter's vote in the place of their earlier one.
    func counting(_ vote: VoteType?, insteadOf before: VoteType?) -> QueueItem {
        var item = self
        item.upvotes += (vote == .upvote ? 1 : 0) - (before == .upvote ? 1 : 0)
        item.downvotes += (vote == .downvote ? 1 : 0) - (before == .downvote ? 1 : 0)
        return item
    }
}

enum VoteType: String, Codable, Sendable, CaseIterable {
    case upvote, downvote
}

/// How many tracks may wait.
enum QueueLimits {
    static let session = 200
    /// Of one listener who is neither host nor DJ.
    static let listener = 50

    static func check(waiting: Int, ofCaller own: Int, isBounded: Bool) throws(Refusal) {
        guard waiting < session else { throw .conflict("\(session) tracks wait already") }
        guard !isBounded || own < listener else { throw .conflict("\(listener) of your tracks wait already") }
    }

    /// A track as it may be queued: what a message's track may be, and of a length that a clock can wait for.
    static func check(_ track: TrackRef, field: String, faults: inout Faults) {
        for fault in track.faults { faults.add(field + fault.field.dropFirst("trackRef".count), fault.message) }
        if track.durationMs == 0 { faults.add("\(field).durationMs", "must be between 1 and 86400000") }
    }
}
