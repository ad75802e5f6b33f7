import Identifiers

/// The keys of a room, all in one cluster slot: the room's object has the bare code in its name, the rest carries it as
/// a hash tag.
struct SeatKeys: Sendable {
    let all: [String]

    init(_ code: RoomCode) {
        let tag = "{room:\(code)}"
        all = ["room:\(code)", "\(tag):seats", "\(tag):users", "\(tag):nodes", "\(tag):meta", "\(tag):new"]
    }

    /// Rooms with seats, by the latest end of a lease: found here when no node is left that holds them.
    static let index = "signaling:rooms"
}
