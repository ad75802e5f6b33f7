import EventBus
import Events
import Identifiers
import Postgres

/// Where somebody stands in random pairing.
enum PairingStatus: Sendable, Equatable {
    case none
    case searching
    case matched(Room)
}

extension RoomStore {
    /// Searches for somebody to be in a room with; a search repeated answers as it stands, and lives on.
    ///
    /// Whoever fits is taken in the transaction that would begin the search: nobody is ever reserved by anything but a row
    /// that commits together with the room.
    func search(_ interests: Interests, by caller: Caller) async throws -> PairingStatus {
        switch try await beginSearch(interests, by: caller) {
        case .inRoom:
            let status = try await pairingStatus(of: caller.userID)
            // The room's time was up, and nobody had ended it before.
            return status == .none ? try await search(interests, by: caller) : status
        case .repeated: return .searching
        case .matched(let match): return .matched(await committed(match))
        // Two who begin at the same moment do not see each other before. The later of them does now.
        case .begun(let searcher): return try await match(searcher).map(PairingStatus.matched) ?? .searching
        }
    }

    private enum SearchResult: Sendable {
        case inRoom
        case repeated
        case matched(Match)
        case begun(Searcher)
    }

    private func beginSearch(_ interests: Interests, by caller: Caller) async throws -> SearchResult {
        let now = clock.now()
        return try await outbox.transaction(retries: 3) { transaction, sink in
            let rows = try await transaction.query(SearchTable.claim(caller.userID, interests, at: now))
            guard let row = rows.first else { return .repeated }
            let (room, since, keys) = try row.decode((RoomID?, Timestamp, [String]).self)
            guard room == nil else { return .inRoom }
            guard since == now else { return .repeated }
            let me = Searcher(
                userID: caller.userID, displayName: caller.displayName, since: since,
                interests: Interests(keys: keys))
            try transaction.executeLater(SearchTable.forgetInterests(of: [me.userID]))
            if let other = try await Self.free(for: me, at: now, in: transaction) {
                return .matched(try await bring(me, other, in: transaction, events: sink))
            }
            try transaction.executeLater(SearchTable.insertInterests(of: me))
            return .begun(me)
        }
    }

    /// Ends somebody's search. When this returns, nobody is brought together with them any more; a room they are in by
    /// then stays.
    func cancelSearch(of user: UserID) async throws {
        try await pool.execute("DELETE FROM pairing WHERE user_id = \(user) AND room_id IS NULL")
    }

    /// Where somebody stands. Who asks lives: a search is renewed by it.
    func pairingStatus(of user: UserID) async throws -> PairingStatus {
        let now = clock.now()
        let rows = try await pool.read(
            """
            SELECT p.room_id IS NOT NULL, p.expires_at, \(Room.columns)
            FROM pairing p LEFT JOIN rooms r ON r.id = p.room_id WHERE p.user_id = \(user)
            """)
        guard let row = rows.first else { return .none }
        var reader = RowReader(row)
        guard try reader.next(Bool.self) else {
            guard let expiresAt = try reader.next(Timestamp?.self), expiresAt > now else { return .none }
            if expiresAt < now + PairingRules.searchLife / 2 { try await renewSearches(of: [user]) }
            return .searching
        }
        reader.skip(1)
        let room = try Room(&reader)
        guard lifetime.hasExpired(room, at: now) else { return .matched(room) }
        try await endExpired(room.id)
        return .none
    }

    /// Of those who search and are known to be there.
    func renewSearches(of users: [UserID]) async throws {
        let now = clock.now()
        try await pool.execute(
            """
            UPDATE pairing SET expires_at = \(now + PairingRules.searchLife) WHERE user_id IN (
                SELECT user_id FROM pairing WHERE user_id = ANY(\(users)) AND room_id IS NULL AND expires_at > \(now)
                FOR UPDATE SKIP LOCKED)
            """)
    }

    /// Removes searches that nobody renewed.
    ///
    /// - Returns: how many there were.
    func deleteEndedSearches(at now: Timestamp, limit: Int) async throws -> Int {
        try await pool.execute(
            """
            DELETE FROM pairing WHERE user_id IN (
                SELECT user_id FROM pairing WHERE room_id IS NULL AND expires_at <= \(now)
                LIMIT \(limit) FOR UPDATE SKIP LOCKED)
            """)
    }

    /// Takes somebody out of pairing for whom it is over: their search ends, and the pair they are in.
    func leavePairing(_ user: UserID) async throws {
        try await cancelSearch(of: user)
        let rows = try await pool.query("SELECT room_id FROM pairing WHERE user_id = \(user) AND room_id IS NOT NULL")
        guard let id = try rows.first?.get(0, as: RoomID.self) else { return }
        try await change(id, by: nil) { change in
            if change.room.isActive, change.room.kind == .pair { try await change.end(.deleted) }
        }
    }
}
