import EventBus
import Events
import Identifiers
import Postgres

extension RoomStore {
    /// How often a user's rooms are told of another name at most: each time costs an entry in every one of them.
    static let nameInterval: Duration = .seconds(60)

    /// Users whose rooms show another name than their last token said.
    func renamed(at now: Timestamp, limit: Int) async throws -> [UserID] {
        try await pool.query(
            """
            SELECT id FROM users WHERE told_name <> display_name
                AND (told_at IS NULL OR told_at <= \(now - Self.nameInterval))
            ORDER BY id LIMIT \(limit)
            """
        ).map { try $0.get(0) }
    }

    /// Tells every active room of a user what they are called now. Done again, it does no harm.
    func tellName(of user: UserID, at now: Timestamp) async throws {
        let rows = try await pool.query("SELECT display_name FROM users WHERE id = \(user)")
        guard let name = try rows.first?.get(0, as: String.self) else { return }
        var last: RoomID?
        repeat {
            let rooms = try await activeRooms(of: user, after: last, limit: 100)
            for room in rooms {
                try await change(room, by: user) { change in
                    guard change.room.isActive, let member = try await change.member(user) else { return }
                    change.record(.memberUpdated(member.view(at: change.at)), about: user)
                }
            }
            last = rooms.last
        } while last != nil
        // A name that changed meanwhile is told the next time.
        try await pool.execute("UPDATE users SET told_name = \(name), told_at = \(now) WHERE id = \(user)")
    }

    private func activeRooms(of user: UserID, after position: RoomID?, limit: Int) async throws -> [RoomID] {
        let rest: PGQuery = if let position { "AND m.room_id > \(position)" } else { "" }
        return try await pool.query(
            """
            SELECT m.room_id FROM members m JOIN rooms r ON r.id = m.room_id
            WHERE m.user_id = \(user) AND r.is_active \(rest) ORDER BY m.room_id LIMIT \(limit)
            """
        ).map { try $0.get(0) }
    }
}
