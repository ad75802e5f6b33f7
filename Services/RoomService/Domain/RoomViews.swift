import Events
import Identifiers

/// What is shown of a room, and to whom.
struct RoomViews: Sendable {
    var lifetime: RoomLifetime

    /// All of it, for members.
    func whole(_ room: Room, role: MemberRole?) -> RoomView {
        view(
            room, hostID: room.ownerID,
            standing: .init(memberCount: room.memberCount, participantCount: room.participantCount, myRole: role))
    }

    /// For non-members and discovery: no member's data.
    func preview(_ room: Room) -> RoomView {
        view(
            room, hostID: nil,
            standing: .init(memberCount: room.memberCount, participantCount: room.participantCount, myRole: nil))
    }

    /// As part of a timeline entry: the same for every reader.
    func entry(_ room: Room) -> RoomView { view(room, hostID: room.ownerID, standing: nil) }

    private func view(_ room: Room, hostID: UserID?, standing: RoomView.Standing?) -> RoomView {
        RoomView(
            id: room.id, roomId: room.code, name: room.name, description: room.description, kind: room.kind,
            type: room.type, genre: room.genre, hostId: hostID, maxParticipants: room.maxParticipants,
            isActive: room.isActive, createdAt: room.createdAt, updatedAt: room.updatedAt,
            lastActivityAt: room.lastActivityAt, endedAt: room.endedAt, expiresAt: lifetime.expiresAt(room),
            version: room.version, standing: standing)
    }
}
