import EventBus
import Events
import Identifiers
import Postgres

/// A mute outlives the membership: nobody gets rid of it by leaving and coming back.
extension RoomChange {
    /// Keeps the mute of who leaves or is removed.
    func keepMute(of member: Member) throws {
        let view = member.view(at: at)
        guard view.isMuted else { return }
        try transaction.executeLater(
            """
            INSERT INTO kept_mutes (room_id, user_id, until) VALUES (\(room.id), \(member.userID), \(view.mutedUntil))
            ON CONFLICT (room_id, user_id) DO UPDATE SET until = excluded.until
            """)
    }

    /// Gives a newcomer the mute back that was kept, unless its time is up.
    func restoreMute(of member: inout Member) async throws {
        let kept = try await transaction.query(
            """
            DELETE FROM kept_mutes WHERE room_id = \(room.id) AND user_id = \(member.userID) RETURNING until
            """)
        guard let row = kept.first else { return }
        (member.isMuted, member.mutedUntil) = (true, try row.get(0, as: Timestamp?.self))
        guard !member.view(at: at).isMuted else { return }
        (member.isMuted, member.mutedUntil) = (false, nil)
    }

    func forgetMute(of user: UserID) throws {
        try transaction.executeLater("DELETE FROM kept_mutes WHERE room_id = \(room.id) AND user_id = \(user)")
    }
}
