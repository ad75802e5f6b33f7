import Identifiers
import Logging

/// Ends meetings and pair rooms whose time is up, at that moment, and pairs in whose room nobody sits.
struct ExpiryJob: Sendable {
    let store: RoomStore
    let seats: Seats
    let activity: ActivityStore
    /// When the last message of a room was written, as its owner knows; `nil` when there is none or nobody can say.
    let lastMessageAt: @Sendable (RoomID) async -> Timestamp?

    private static let batch = 200

    func job() -> LifecycleJob {
        LifecycleJob(name: "expiry", interval: .seconds(1)) { try await run(at: $0) }
    }

    func run(at now: Timestamp) async throws {
        for kind in ExpiringRoom.Kind.allCases { try await end(kind, now) }
    }

    private func end(_ kind: ExpiringRoom.Kind, _ now: Timestamp) async throws {
        var position: ExpiringRoom?
        while !Task.isCancelled {
            let rooms = try await store.expiring(kind, at: now, after: position, limit: Self.batch)
            guard let last = rooms.last else { return }
            let counts = await seats.counts(rooms.map(\.code))
            for room in rooms { try await end(room, seatsTaken: counts?[room.code], now: now) }
            guard rooms.count == Self.batch else { return }
            position = last
        }
    }

    /// What events may have missed is looked at once more: a room with a seat or a new message in it lives on.
    ///
    /// - Parameter seatsTaken: `nil` where nobody can say: then no pair is taken for abandoned.
    private func end(_ room: ExpiringRoom, seatsTaken: Int?, now: Timestamp) async throws {
        if let seatsTaken, seatsTaken > 0 {
            return try await activity.touch(room.id, at: now, participantCount: seatsTaken)
        }
        if let message = await lastMessageAt(room.id), message > room.lastActivityAt {
            try await activity.touch(room.id, at: message, participantCount: 0)
        }
        try await store.endExpired(room.id, isEmpty: seatsTaken != nil)
    }
}
