import EventBus
import Events
import Identifiers
import Postgres

/// A room that pairing made, as one of its two sees it.
struct PairAccess: Sendable {
    var access: RoomAccess
    var pair: Pair

    var room: Room { access.room }

    /// - Throws: ``Refusal/roomEnded``, but to who says again what ended the room.
    func checkActive(orEndedBy user: UserID? = nil) throws(Refusal) {
        guard room.isActive || user != nil && pair.endedBy == user else { throw .roomEnded }
    }
}

extension RoomStore {
    /// - Throws: ``Refusal/roomNotFound`` also for a room that pairing did not make; ``Refusal/notAMember`` to strangers,
    ///   ``Refusal/forbidden`` to who came later into a room that two have kept.
    func pair(_ reference: RoomReference, of user: UserID) async throws -> PairAccess {
        let access = try await access(reference, user: user)
        let rows = try await pool.read(PairTable.find(access.room.id))
        guard let pair = try rows.first.map(Pair.init(row:)) else { throw Refusal.roomNotFound }
        try access.check(.readDetails)
        guard pair.isOne(user) else { throw Refusal.forbidden }
        return PairAccess(access: access, pair: pair)
    }

    /// Likes the other; both are told once it is mutual.
    func like(_ id: RoomID, by user: UserID) async throws {
        try await change(id, by: user) { change in
            var pair = try await change.livePair(of: user)
            let outcome = pair.like(by: user)
            guard outcome != .repeated else { return }
            try change.store(pair)
            if outcome == .mutual { change.announce(.mutualLike, about: pair.other(than: user)) }
        }
    }

    /// Wants the room to stay. Once both do, it is a chat room of two that does not end by itself, and both may search on.
    func keep(_ id: RoomID, by user: UserID) async throws {
        try await change(id, by: user) { change in
            var pair = try await change.livePair(of: user)
            let outcome = pair.keep(by: user)
            guard outcome != .repeated else { return }
            try change.store(pair)
            guard outcome == .mutual else { return }
            change.room.kind = .chat
            // A chat room has an owner: who has been there longer. It is a change of the version too.
            if let owner = try await change.member(pair.first.userID) {
                _ = try await change.setRole(.owner, of: owner)
            } else {
                change.advanceVersion()
            }
            change.record(.roomUpdated(change.views.entry(change.room)))
        }
    }

    /// Ends the room for both.
    func endPair(_ id: RoomID, by user: UserID) async throws {
        try await change(id, by: user) { change in
            let pair = try await change.requirePair(of: user)
            guard change.room.isActive else {
                guard pair.endedBy == user else { throw Refusal.roomEnded }
                return
            }
            guard change.room.kind == .pair else {
                throw Refusal.conflict("Both have kept the room: it is a chat room, which one leaves")
            }
            try await change.endPair(pair, by: user)
        }
    }

    /// Reports the other to the administrators, once; the two never meet again, and a room that is still a pair's ends.
    /// It may have ended before: whoever did that does not escape the report by it.
    func reportPartner(_ id: RoomID, reason: String, by user: UserID) async throws {
        try await change(id, by: user) { change in
            var pair = try await change.requirePair(of: user)
            guard pair.report(by: user) != .repeated else { return }
            try change.store(pair)
            _ = try change.insertReport(about: pair.other(than: user), message: nil, reason: reason, by: user)
            try await change.keepApart(pair, by: user)
        }
    }
}

extension RoomChange {
    /// The pair of the room, if pairing made it.
    func pair() async throws -> Pair? {
        try await transaction.query(PairTable.find(room.id)).first.map(Pair.init(row:))
    }

    /// The pair that `user` is one of.
    func requirePair(of user: UserID) async throws -> Pair {
        guard let pair = try await pair() else { throw Refusal.roomNotFound }
        guard try await member(user) != nil else { throw Refusal.notAMember }
        guard pair.isOne(user) else { throw Refusal.forbidden }
        return pair
    }

    /// The same of a room that lives.
    func livePair(of user: UserID) async throws -> Pair {
        let pair = try await requirePair(of: user)
        guard room.isActive else { throw Refusal.roomEnded }
        return pair
    }

    func store(_ pair: Pair) throws { try transaction.executeLater(PairTable.update(pair, in: room.id)) }

    /// Ends the room of a pair by the will of one of them.
    mutating func endPair(_ pair: Pair, by user: UserID) async throws {
        var pair = pair
        pair.endedBy = user
        try store(pair)
        try await end(.deleted)
    }

    /// After a report by one of the two.
    mutating func keepApart(_ pair: Pair, by user: UserID) async throws {
        try transaction.executeLater(PairTable.keepApart(room.id, until: nil))
        if room.isActive, room.kind == .pair { try await endPair(pair, by: user) }
    }

    /// What ends a pair, or makes its room another's, frees both in the same transaction, whoever does it.
    func freePair() throws {
        try transaction.executeLater(PairTable.free(room.id))
        try transaction.executeLater(PairTable.keepApart(room.id, until: at + PairingRules.pause))
    }
}
