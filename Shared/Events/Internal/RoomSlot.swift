public import Identifiers

/// The keys of a room in Redis. They share a cluster slot: the room's object has the bare code in its name, the rest
/// carries it as a hash tag.
public enum RoomSlot {
    /// The room's object, for a day (contract, section 8). Written by the room service.
    public static func object(_ code: RoomCode) -> String { "room:\(code)" }

    /// A hash, for five minutes, written by the room service: `facts`, the newest fact of the room, and as things are with
    /// just these facts `room`, a `RoomView` that names no reader's role, and under users' ids a `MemberView` of each who
    /// was asked about. Whoever is not there may be a member all the same.
    public static func members(_ code: RoomCode) -> String { "{\(object(code))}:members" }

    /// A hash, for half an hour, written by the message service: the newest messages as of one `seq`.
    public static func recent(_ code: RoomCode) -> String { "{\(object(code))}:recent" }

    /// Which Redis the room was made in; nobody sat there before.
    public static func new(_ code: RoomCode) -> String { "{\(object(code))}:new" }

    /// Who sits there, by the end of their leases. Written by the signaling nodes.
    public static func seats(_ code: RoomCode) -> String { "{\(object(code))}:seats" }
}
