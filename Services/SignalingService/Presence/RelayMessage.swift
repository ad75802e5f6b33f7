import AMQP
import Events
import Identifiers

/// What nodes tell each other about a room, over the exchange `parlor.live`. Lost with the broker: a snapshot of the
/// seats heals presence, and the rest is ephemeral.
enum RelayMessage: Sendable {
    case presence([SeatChange])
    case media(MediaNews)
    case frame(Frame, exceptConnection: ConnectionID?, exceptUser: UserID?)
    case signal(Frame, to: ConnectionID)
    case close(ConnectionID, CloseCode)
}

/// What a connection is sending, and how often that has changed.
struct MediaNews: Sendable, Equatable {
    var userId: UserID
    var connection: ConnectionID
    var state: MediaState
    var changes: Int
}

/// What nodes tell each other about themselves.
enum NodeMessage: Sendable, Equatable {
    /// A node lives; sent at the start and every few seconds.
    case alive
    /// A node has just found the broker and asks everybody to say that they live.
    case hello
    /// A node goes in good order.
    case gone
    /// "Register what you hold in this room, in the Redis of this run, and say so."
    case askForSeats(RoomCode, question: String, run: String)
    case toldSeats(question: String)
}

enum RelayAddress: Sendable {
    /// Every node with sockets in the room.
    case room
    case node(String)
    case everyNode

    static let exchange = "parlor.live"

    func routingKey(_ code: RoomCode?) -> String {
        switch self {
        case .room: "room.\(code?.description ?? "-")"
        case .node(let node): Self.key(ofNode: node)
        case .everyNode: "node"
        }
    }

    /// Dots would be words of their own in a topic.
    static func key(ofNode node: String) -> String { "node.\(node.replacing(".", with: "_"))" }
}
