import Identifiers

/// A listening session as it is stored. What people see of it is made by ``SessionView``.
struct ListeningSession: Sendable, Equatable {
    var id: SessionID
    var roomID: RoomID
    var name: String
    var genre: String
    var tags: [String]
    var isPrivate: Bool
    var hostID: UserID
    var djID: UserID
    var playback: Playback?
    /// The newest item's position.
    var itemHead: Int
    /// Changes of queue, votes, pause and roles.
    var version: Int64
    var createdAt: Timestamp
    var endedAt: Timestamp?

    var isLive: Bool { endedAt == nil }

    var status: SessionStatus {
        guard isLive else { return .ended }
        return playback?.pausedAt == nil ? .active : .paused
    }
}

enum SessionStatus: String, Codable, Sendable {
    case active, paused, ended
}

/// Who hosts and who plays. Pure.
struct SessionRoles: Sendable, Equatable {
    var host: UserID
    var dj: UserID

    /// The roles after somebody left; `nil` when nobody stays.
    ///
    /// - Parameters:
    ///   - staying: who joined and did not leave, longest-standing first.
    ///   - seated: who of them is in the room at the moment.
    func after(leaving user: UserID, staying: [UserID], seated: Set<UserID>) -> SessionRoles? {
        guard !staying.isEmpty else { return nil }
        var roles = self
        if user == host {
            let heir = dj != user && staying.contains(dj) ? dj : staying.first(where: seated.contains) ?? staying[0]
            roles.host = heir
        }
        if user == dj { roles.dj = roles.host }
        return roles
    }
}

/// Whether listeners have skipped a track: more than half of those who sit in the room.
enum SkipVote {
    static func isCarried(votes: Int, listeners: Int) -> Bool { votes * 2 > listeners }
}
