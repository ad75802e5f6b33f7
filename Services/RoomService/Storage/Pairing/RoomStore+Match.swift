import EventBus
import Events
import Identifiers
import Logging
import Postgres
import ServiceSupport

/// Two who were brought together, and their room.
struct Match: Sendable {
    var room: Room
    var first: Searcher
    var second: Searcher
}

extension RoomStore {
    /// Brings somebody who searches together with whom they may have now; `nil` where there is nobody, or somebody else
    /// was quicker.
    func match(_ searcher: Searcher) async throws -> Room? {
        // Each turn that comes to nothing is one in which another pair was made of one of the two.
        for _ in 0..<10 {
            guard let other = try await candidate(for: searcher, at: clock.now()) else { return nil }
            if let match = try await take(searcher) { return await committed(match) }
            if let match = try await bring(searcher, other.userID) { return await committed(match) }
            let rows = try await pool.read(SearchTable.searcher(searcher.userID, at: clock.now()))
            guard !rows.isEmpty else { return nil }
        }
        return nil
    }

    /// Read without a lock: who is locked just now may be free again in a moment.
    private func candidate(for searcher: Searcher, at now: Timestamp) async throws -> Searcher? {
        let found = try await pool.pipeline([
            SearchTable.sharing(with: searcher, at: now, .none), SearchTable.anybody(for: searcher, at: now, .none),
        ])
        return try found.lazy.compactMap(\.first).first.map(Searcher.init(row:))
    }

    /// Waits for nobody but the searcher themselves: many at once spread over those who are free.
    private func take(_ searcher: Searcher) async throws -> Match? {
        let now = clock.now()
        return try await outbox.transaction(retries: 3) { transaction, sink in
            let rows = try await transaction.query(SearchTable.lock([searcher.userID], at: now))
            guard let me = try rows.first.map(Searcher.init(row:)),
                let other = try await Self.free(for: me, at: now, in: transaction)
            else { return nil }
            return try await bring(me, other, in: transaction, events: sink)
        }
    }

    /// Locks whom the searcher may have of those that nobody else has locked.
    static func free(
        for searcher: Searcher, at now: Timestamp, in transaction: PGTransaction
    ) async throws -> Searcher? {
        for query in [
            SearchTable.sharing(with: searcher, at: now, .skip), SearchTable.anybody(for: searcher, at: now, .skip),
        ] {
            if let row = try await transaction.query(query).first { return try Searcher(row: row) }
        }
        return nil
    }

    /// Waits for both, and looks again at all that decides.
    private func bring(_ searcher: Searcher, _ other: UserID) async throws -> Match? {
        let now = clock.now()
        return try await outbox.transaction(retries: 3) { transaction, sink in
            let found = try await transaction.pipeline([
                SearchTable.lock([searcher.userID, other], at: now),
                SearchTable.arePaused(searcher.userID, other, at: now),
            ])
            let both = try found[0].map(Searcher.init(row:))
            guard both.count == 2, found[1].isEmpty, PairingRules.suit(both[0], both[1], at: now) else { return nil }
            return try await bring(both[0], both[1], in: transaction, events: sink)
        }
    }

    /// Makes the room of two whose rows this transaction has locked.
    func bring(
        _ one: Searcher, _ other: Searcher, in transaction: PGTransaction, events: EventSink
    ) async throws -> Match {
        let (first, second) = PairingRules.order(one, other)
        let draft = RoomDraft(
            kind: .pair, type: .private, name: nil, description: nil, genre: nil, maxParticipants: 2)
        // Nobody is above the other: both are plain members.
        let room = try await insert(
            draft, owner: first.userID, displayName: first.displayName, role: .member, in: transaction, events: events)
        var change = RoomChange(
            transaction: transaction, views: views, actor: second.userID, now: room.createdAt, room: room)
        _ = try await change.insertMember(second.userID, displayName: second.displayName, isPardoned: true)
        let pair = Pair(first: .init(userID: first.userID), second: .init(userID: second.userID))
        for query in [
            PairTable.insert(pair, in: room.id), SearchTable.pair(first.userID, second.userID, in: room.id),
            SearchTable.forgetInterests(of: [first.userID, second.userID]),
        ] {
            try transaction.executeLater(query)
        }
        change.announce(.matchFound(views.whole(change.room, role: .member)), about: first.userID)
        try await change.write(to: events)
        return Match(room: change.room, first: first, second: second)
    }

    /// What follows the commit of a match.
    func committed(_ match: Match) async -> Room {
        let room = match.room
        await committed(room, insteadOf: nil)
        PairingMetrics.matched(match)
        logger.info(
            "room_created",
            metadata: [
                LogKeys.roomID: "\(room.code)", LogKeys.userID: "\(room.ownerID)",
                "isPrivate": .stringConvertible(true),
            ])
        return room
    }

    /// Those who have waited long enough to have anybody, longest first.
    func patientSearchers(at now: Timestamp, after position: Searcher?, limit: Int) async throws -> [Searcher] {
        try await pool.query(SearchTable.patient(at: now, after: position, limit: limit)).map(Searcher.init(row:))
    }

    /// How many search, and when the next of them will have waited long enough to have anybody.
    func searches(at now: Timestamp) async throws -> (count: Int, nextPatient: Timestamp?) {
        let rows = try await pool.query(
            """
            SELECT count(*), min(since) FILTER (WHERE since > \(now - PairingRules.preference))
            FROM pairing WHERE room_id IS NULL AND expires_at > \(now)
            """)
        guard let (count, since) = try rows.first?.decode((Int, Timestamp?).self) else { return (0, nil) }
        return (count, since.map { $0 + PairingRules.preference })
    }
}
