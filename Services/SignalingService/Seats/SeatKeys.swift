import Events
import Identifiers

/// The keys of a room, all in one cluster slot: the room's object has the bare code in its name, the rest carries it as
/// a hash tag.
struct SeatKeys: Sendable {
    let all: [String]

    init(_ code: RoomCode) {
        let object = RoomSlot.object(code)
        let (users, nodes, meta) = ("{\(object)}:users", "{\(object)}:nodes", "{\(object)}:meta")
        all = [object, RoomSlot.seats(code), users, nodes, meta, RoomSlot.new(code)]
    }

    /// Rooms with seats, by the latest end of a lease: found here when no node is left that holds them.
    static let index = "signaling:rooms"
}
