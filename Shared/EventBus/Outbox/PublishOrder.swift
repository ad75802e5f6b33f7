internal import Identifiers

/// Puts what concurrent transactions publish into the order in which they appended it, room by room. Pure.
///
/// A transaction takes a ticket when it appends (holding the room's lock) and hands the event in once it has committed. The
/// next transaction of that room can only have appended after that commit, but its task may be quicker: its event then
/// waits here for the few microseconds until the earlier one is handed in, or given up.
struct PublishOrder: Sendable {
    typealias Ticket = UInt64

    private enum Place {
        case open(Ticket)
        case ready(Ticket, StoredEvent)

        var ticket: Ticket {
            switch self {
            case .open(let ticket), .ready(let ticket, _): ticket
            }
        }
    }

    private var rooms: [RoomID: [Place]] = [:]
    private var roomOf: [Ticket: RoomID] = [:]
    private var last: Ticket = 0

    var isEmpty: Bool { roomOf.isEmpty }

    mutating func append(room: RoomID?) -> Ticket {
        last += 1
        if let room {
            rooms[room, default: []].append(.open(last))
            roomOf[last] = room
        }
        return last
    }

    /// The transaction has committed; returns what may be published now, in order.
    mutating func commit(_ ticket: Ticket, _ event: StoredEvent) -> [StoredEvent] {
        guard let room = roomOf.removeValue(forKey: ticket) else { return [event] }
        if let index = rooms[room]?.firstIndex(where: { $0.ticket == ticket }) {
            rooms[room]?[index] = .ready(ticket, event)
        }
        return release(room)
    }

    /// The transaction failed, or its outcome is unknown; returns what waited for it.
    mutating func abort(_ ticket: Ticket) -> [StoredEvent] {
        guard let room = roomOf.removeValue(forKey: ticket) else { return [] }
        rooms[room]?.removeAll { $0.ticket == ticket }
        return release(room)
    }

    private mutating func release(_ room: RoomID) -> [StoredEvent] {
        guard var places = rooms[room] else { return [] }
        var released: [StoredEvent] = []
        while case .ready(_, let event) = places.first {
            released.append(event)
            places.removeFirst()
        }
        rooms[room] = places.isEmpty ? nil : places
        return released
    }
}
