import Events
import Foundation
import Identifiers

/// What the seat authority keeps of one user in a room.
struct SeatRecord: Codable, Sendable, Equatable {
    struct Connection: Codable, Sendable, Equatable {
        /// The node that holds it.
        var node: String
        /// When it came, in ms by the authority's clock.
        var since: Int64
        var media: MediaState?
        /// How often its media changed: of two accounts of a connection, the one that knows of more changes is right.
        var mediaChanges: Int?

        enum CodingKeys: String, CodingKey {
            case node = "o"
            case since = "t"
            case media = "m"
            case mediaChanges = "k"
        }
    }

    var name: String
    var role: MemberRole
    var joinedAt: Int64
    /// Grows with every change of the room's seats.
    var version: Int64
    var connections: [String: Connection]

    enum CodingKeys: String, CodingKey {
        case name = "n"
        case role = "r"
        case joinedAt = "j"
        case version = "v"
        case connections = "c"
    }

    /// Keeps what was known of the media of connections where that is newer.
    mutating func keepNewerMedia(of other: SeatRecord) {
        for (key, known) in other.connections {
            guard let now = connections[key], (known.mediaChanges ?? 0) > (now.mediaChanges ?? 0) else { continue }
            connections[key]?.media = known.media
            connections[key]?.mediaChanges = known.mediaChanges
        }
    }

    func participant(_ userId: UserID) -> ParticipantView {
        let ordered = connections.sorted { ($0.value.since, $0.key) < ($1.value.since, $1.key) }
        return ParticipantView(
            userId: userId, displayName: name, role: role, connections: ordered.compactMap { ConnectionID($0.key) },
            joinedAt: Timestamp(millisecondsSinceEpoch: joinedAt),
            media: connections.mapValues { $0.media ?? MediaState() })
    }
}

/// One change of a room's seats, as the authority or another node tells it.
struct SeatChange: Codable, Sendable, Equatable {
    enum Kind: String, Codable, Sendable { case joined, updated, left }

    var kind: Kind
    var userId: UserID
    var version: Int64
    /// After the change; of who left: as it was, where that is known.
    var record: SeatRecord?
    var reason: PresenceEndReason?
    /// Seats taken after the change.
    var count: Int
}
