import EventBus
import Events
import Foundation
import Identifiers
import Postgres

extension RoomStore {
    enum StatusFilter: String, CaseIterable, Sendable { case active, ended, all }

    /// The place of a room in a list of the newest activity.
    struct ActivityPosition: Codable, Sendable {
        var at: Timestamp
        var id: RoomID
    }

    /// The rooms somebody belongs to, newest activity first, with their role.
    func rooms(
        of user: UserID, status: StatusFilter, after position: ActivityPosition?, limit: Int
    ) async throws -> [(room: Room, role: MemberRole)] {
        var filter: PGQuery =
            switch status {
            case .active: "AND r.is_active"
            case .ended: "AND NOT r.is_active"
            case .all: ""
            }
        if let position { filter += " AND (r.last_activity_at, r.id) < (\(position.at), \(position.id))" }
        return try await pool.query(
            """
            SELECT \(Room.columns), m.role FROM members m JOIN rooms r ON r.id = m.room_id
            WHERE m.user_id = \(user) \(filter) ORDER BY r.last_activity_at DESC, r.id DESC LIMIT \(limit)
            """
        ).map { row in
            var reader = RowReader(row)
            return (try Room(&reader), try reader.next())
        }
    }

    /// The active rooms somebody belongs to, by name only.
    func activeRooms(of user: UserID) async throws -> [InternalAPI.UserRooms.Item] {
        try await pool.query(
            """
            SELECT r.id, r.code FROM members m JOIN rooms r ON r.id = m.room_id
            WHERE m.user_id = \(user) AND r.is_active
            """
        ).map { row in
            var reader = RowReader(row)
            return .init(roomUuid: try reader.next(), roomId: try reader.next())
        }
    }
}
