import Identifiers

/// Which entries this process leaves to the relay, room by room. Pure.
///
/// Once an entry of a room was not confirmed, later ones must not overtake it. The room's row in the database says that
/// its entries are the relay's, and whoever appends to the room reads that under the row's lock; so only the time between
/// a failure and the row's change has to be bridged here.
struct RelayedRooms: Sendable {
    private enum State {
        /// Something was not confirmed, and the row does not say so yet. The last entry that was kept back meanwhile.
        case failed(last: Int64)
        /// Entries up to here are the relay's; of later ones the row said otherwise when they were appended.
        case relayed(upTo: Int64, since: ContinuousClock.Instant)
    }

    private var rooms: [RoomID: State] = [:]

    var isEmpty: Bool { rooms.isEmpty }

    func contains(_ room: RoomID) -> Bool { rooms[room] != nil }

    /// Whether a committed entry is this process's to send. Asked in the order of the room's numbers.
    mutating func sends(_ room: RoomID, _ seq: Int64) -> Bool {
        switch rooms[room] {
        case nil: return true
        case .failed(let last):
            rooms[room] = .failed(last: max(last, seq))
            return false
        case .relayed(let limit, _):
            guard seq > limit else { return false }
            rooms[room] = nil
            return true
        }
    }

    /// An entry was sent and not confirmed.
    mutating func fail(_ room: RoomID, _ seq: Int64) {
        switch rooms[room] {
        case nil: rooms[room] = .failed(last: seq)
        case .failed(let last): rooms[room] = .failed(last: max(last, seq))
        case .relayed(let limit, _): if seq > limit { rooms[room] = .failed(last: seq) }
        }
    }

    /// Something may have been committed whose number nobody knows.
    mutating func doubt(_ room: RoomID) {
        switch rooms[room] {
        case nil: rooms[room] = .failed(last: 0)
        case .failed: break
        case .relayed(let limit, _): rooms[room] = .failed(last: limit)
        }
    }

    /// The room's row said, when `limit` was the last entry, that entries are the relay's.
    mutating func leaveToRelay(_ room: RoomID, upTo limit: Int64, now: ContinuousClock.Instant) {
        switch rooms[room] {
        case nil: rooms[room] = .relayed(upTo: limit, since: now)
        // What was kept back after that may have been committed after the relay gave the room back.
        case .failed(let last): if last <= limit { rooms[room] = .relayed(upTo: limit, since: now) }
        case .relayed(let old, _): rooms[room] = .relayed(upTo: max(old, limit), since: now)
        }
    }

    /// Rooms whose row is to be changed.
    var failed: [RoomID] {
        rooms.compactMap { room, state in
            if case .failed = state { room } else { nil }
        }
    }

    /// The room is no more.
    mutating func forget(_ room: RoomID) { rooms[room] = nil }

    /// Forgets what was learned so long ago that nothing committed before is still to be sent.
    mutating func expire(before limit: ContinuousClock.Instant) {
        rooms = rooms.filter { _, state in
            if case .relayed(_, let since) = state { since >= limit } else { true }
        }
    }
}
