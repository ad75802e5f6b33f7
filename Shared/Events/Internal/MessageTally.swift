public import Identifiers

/// How many messages rooms got of late: what the message service tells the room service, over the broker, instead of
/// having it hear of each. No event: nobody else may rely on it.
public struct MessageTally: Codable, Sendable, Equatable {
    /// The room service's queue, reached by the default exchange.
    public static let queue = "rooms.activity"
    /// The `type` of the broker's message.
    public static let type = "message_tally"

    public struct Room: Codable, Sendable, Equatable {
        public var roomId: RoomCode
        public var count: Int64
        /// When the newest of them was stored.
        public var latest: Timestamp

        public init(roomId: RoomCode, count: Int64, latest: Timestamp) {
            self.roomId = roomId
            self.count = count
            self.latest = latest
        }
    }

    public var rooms: [Room]

    public init(rooms: [Room]) { self.rooms = rooms }
}
