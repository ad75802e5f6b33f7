internal import Identifiers
internal import Postgres
private import EventBus

/// What people want to be told.
struct PreferenceStore: Sendable {
    let pool: PGPool

    func preferences(of user: UserID) async throws -> Preferences {
        try await Self.read("WHERE p.user_id = \(user)") { try await pool.query($0) }
    }

    /// The wishes that a notification is to heed, read within the transaction that stores it: those of the user, else of
    /// whoever owns the address.
    static func preferences(of user: UserID?, address: String?, in transaction: PGTransaction) async throws
        -> Preferences
    {
        try await read(
            """
            WHERE p.user_id = coalesce(
                (SELECT user_id FROM preferences WHERE user_id = \(user)),
                (SELECT user_id FROM preferences WHERE address = \(address) ORDER BY updated_at DESC LIMIT 1))
            """
        ) { try await transaction.query($0) }
    }

    /// Stores all of somebody's wishes, with the address they have proved to own.
    func replace(_ preferences: Preferences, of user: UserID, address: String?) async throws {
        let muted = preferences.mutedRooms
        try await pool.transaction { transaction in
            try await transaction.execute(
                """
                INSERT INTO preferences (user_id, address, email, in_app)
                VALUES (\(user), \(address), \(preferences.email), \(preferences.inApp))
                ON CONFLICT (user_id) DO UPDATE SET address = excluded.address, email = excluded.email,
                    in_app = excluded.in_app, updated_at = now()
                """)
            try await transaction.execute("DELETE FROM muted_rooms WHERE user_id = \(user)")
            try await transaction.execute(
                """
                INSERT INTO muted_rooms (user_id, room_id, room_code, position)
                SELECT \(user), m.room_id, m.room_code, m.position
                FROM unnest(\(muted.map(\.id.uuid)), \(muted.map(\.code.description)))
                    WITH ORDINALITY AS m (room_id, room_code, position)
                """)
        }
    }

    /// Follows a changed address, so that wishes go on applying to the mail somebody gets.
    func noteAddress(_ address: String?, of user: UserID) async throws {
        try await pool.execute(
            "UPDATE preferences SET address = \(address) WHERE user_id = \(user) AND address IS DISTINCT FROM \(address)"
        )
    }

    private static func read(_ condition: PGQuery, _ run: (PGQuery) async throws -> [PGRow]) async throws -> Preferences
    {
        let rows = try await run(
            """
            SELECT p.email, p.in_app, m.room_id, m.room_code
            FROM preferences p LEFT JOIN muted_rooms m ON m.user_id = p.user_id
            \(condition) ORDER BY m.position
            """)
        var preferences = Preferences()
        for row in rows {
            let (email, inApp, room, code) = try row.decode((Bool, Bool, RoomID?, String?).self)
            preferences.email = email
            preferences.inApp = inApp
            if let room, let code = code.flatMap(RoomCode.init) {
                preferences.mutedRooms.append(RoomRef(id: room, code: code))
            }
        }
        return preferences
    }
}
