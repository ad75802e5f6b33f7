import Identifiers
import Logging
import Postgres
import ServiceSupport

/// What people do with the timeline of a room, whichever way they come.
///
/// Nobody is refused on what the projection says alone: before a refusal the room service is asked for facts that have
/// not arrived, and the question is put again (contract, section 4, "no stale refusal").
struct Timeline: Sendable {
    let store: TimelineStore
    let writer: TimelineWriter
    let facts: FactFollower
    let texts: RepeatedTexts
    let limits: MessageLimits
    let logger: Logger

    /// The standing of a member, who may read.
    ///
    /// - Throws: ``Refusal/roomNotFound``, ``Refusal/notAMember``, ``Refusal/unavailable``.
    func reader(_ user: UserID, of room: RoomReference) async throws -> MessageStanding {
        try await informed(room) {
            guard let standing = try await store.standing(of: user, in: room) else { throw Refusal.roomNotFound }
            _ = try standing.requireMember()
            return standing
        }
    }

    /// Puts a question that may be refused, and once more when the room service was asked.
    func informed<T>(_ room: RoomReference, _ question: () async throws -> T) async throws -> T {
        do {
            return try await question()
        } catch let refusal as Refusal where refusal.mayBeStale {
            if try await facts.catchUp(room) == .noSuchRoom { throw Refusal.roomNotFound }
            // Also where nothing was new: the fact may have arrived between the question and the asking.
            return try await question()
        }
    }

    /// Like ``informed(_:_:)``, for what members alone may change: whoever is banned hears that.
    func permitted<T>(_ user: UserID, _ room: RoomReference, _ change: () async throws -> T) async throws -> T {
        do {
            return try await informed(room, change)
        } catch Refusal.notAMember {
            if try await facts.source.isBanned(user, from: room) { throw Refusal.banned }
            throw Refusal.notAMember
        }
    }

    /// Runs a change of one room in its turn.
    func change<T: Sendable>(
        _ user: UserID, _ room: RoomRef, entry: @escaping @Sendable (T) -> AppendedEntry?,
        _ body: @escaping @Sendable (TimelineStore) async throws -> T
    ) async throws -> T {
        let scope = RequestScope.current
        return try await permitted(user, .id(room.id)) {
            try await writer.change(room.id) { result in
                entry(result).flatMap { try? TimelineEvent($0.entry, in: $0.room, scope: scope) }.map { [$0] } ?? []
            } _: { store in
                try await body(store)
            }
        }
    }

    /// The room that somebody names.
    ///
    /// - Throws: ``Refusal/roomNotFound``, ``Refusal/unavailable``.
    func room(_ reference: RoomReference) async throws -> RoomRef {
        try await informed(reference) {
            guard let room = try await store.room(reference) else { throw Refusal.roomNotFound }
            return room
        }
    }

    /// The room of a message that somebody names by its id alone.
    ///
    /// - Throws: ``Refusal/messageNotFound``.
    func room(of message: MessageID) async throws -> RoomRef {
        guard let room = try await store.room(of: message) else { throw Refusal.messageNotFound }
        return room
    }
}
