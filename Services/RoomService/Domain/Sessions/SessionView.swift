import Events
import Identifiers

/// Session JSON (contract, section 6).
struct SessionView: Codable, Sendable, Equatable {
    var id: SessionID
    @Nullable var roomId: RoomCode?
    var name: String
    var genre: String
    var tags: [String]
    var isPrivate: Bool
    var hostId: UserID
    var currentDJId: UserID
    var status: SessionStatus
    @Nullable var nowPlaying: NowPlaying?
    var listenerCount: Int
    var createdAt: Timestamp
    @Nullable var endedAt: Timestamp?
    /// What waits, in playing order; `nil` leaves it out.
    var queue: [QueueItemView]?

    struct NowPlaying: Codable, Sendable, Equatable {
        var item: QueueItemView
        var startedAt: Timestamp
        /// When this was said, or where it is paused.
        var positionMs: Int64
        @Nullable var pausedAt: Timestamp?
    }
}

/// An item of a queue (contract, section 6).
struct QueueItemView: Codable, Sendable, Equatable {
    var id: QueueItemID
    var addedBy: UserID
    var trackRef: TrackRef
    var position: Int
    var upvotes: Int
    var downvotes: Int
    /// Of who reads; without a value of its own it is left out, as the same text goes to many.
    var myVote: Nullable<VoteType>?
    @Nullable var playedAt: Timestamp?
    var skipped: Bool
}

extension QueueItemView {
    /// - Parameter reader: whether somebody in particular reads it, and then their vote.
    init(_ item: QueueItem, for reader: Nullable<VoteType>?) {
        self.init(
            id: item.id, addedBy: item.addedBy, trackRef: item.track, position: item.position, upvotes: item.upvotes,
            downvotes: item.downvotes, myVote: reader, playedAt: item.playedAt, skipped: item.isSkipped)
    }
}

extension SessionView {
    init(
        _ session: ListeningSession, in room: RoomCode, roomType: RoomType, listenerCount: Int, at now: Timestamp,
        queue: [QueueItemView]? = nil, playingFor reader: Nullable<VoteType>? = nil
    ) {
        self.init(
            id: session.id, roomId: room, name: session.name, genre: session.genre, tags: session.tags,
            isPrivate: session.isPrivate || roomType == .private, hostId: session.hostID, currentDJId: session.djID,
            status: session.status,
            nowPlaying: session.playback.map {
                NowPlaying(
                    item: QueueItemView($0.item, for: reader), startedAt: $0.startedAt,
                    positionMs: $0.position(at: now).wholeMilliseconds, pausedAt: $0.pausedAt)
            },
            listenerCount: listenerCount, createdAt: session.createdAt, endedAt: session.endedAt, queue: queue)
    }

    /// As events and entries carry it.
    var json: JSONValue {
        get throws { try WireJSON.decode(from: WireJSON.encode(self)) }
    }
}
