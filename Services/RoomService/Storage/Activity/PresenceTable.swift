import EventBus
import Identifiers
import Postgres

/// Who was last seen in a room, for the time that the seats themselves cannot be read.
struct PresenceTable: Sendable {
    let pool: PGPool

    func users(in room: RoomID, among users: [UserID]) async throws -> Set<UserID> {
        let rows = try await pool.query(
            "SELECT user_id FROM presence WHERE room_id = \(room) AND user_id = ANY(\(users))")
        return Set(try rows.map { try $0.get(0, as: UserID.self) })
    }
}
