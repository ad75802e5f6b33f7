import AMQP
import Events
import Identifiers
import Logging
import Postgres
import ServiceSupport

/// Makes timeline entries of the room service's facts, as they are told and, where one is missing, as they are asked for.
struct FactFollower: Sendable {
    let writer: TimelineWriter
    let store: TimelineStore
    let source: any RoomFactSource
    let logger: Logger

    /// What asking the room service brought.
    enum Answer: Sendable, Equatable {
        case noSuchRoom
        /// Nothing that was not known here.
        case nothingNew
        case applied
    }

    /// Applies told facts of one room, and asks for what is missing before them; where it cannot be asked for now, the
    /// database remembers the hole for ``repair()``.
    ///
    /// - Parameter facts: ascending.
    func follow(_ facts: [RoomFact], of room: RoomRef) async throws {
        guard let last = facts.last else { return }
        let progress = try await apply(facts, to: room)
        guard progress.applied < last.fact else { return }
        do {
            _ = try await catchUp(.id(room.id))
        } catch Refusal.unavailable {
            logger.info("a hole waits for the room service", metadata: [LogKeys.roomID: "\(room.code)"])
        }
    }

    /// Asks once more for the facts that were missing.
    func repair() async throws {
        for room in try await store.roomsWithHoles(limit: 100) { _ = try await catchUp(.id(room)) }
    }

    /// Asks the room service for everything about a room that is not known here yet, and applies it.
    ///
    /// - Throws: ``Refusal/unavailable`` when the room service cannot be asked.
    func catchUp(_ room: RoomReference) async throws -> Answer {
        var after = try await store.appliedFact(of: room)
        var answer = Answer.nothingNew
        while true {
            guard let page = try await source.facts(of: room, after: after) else { return .noSuchRoom }
            guard !page.items.isEmpty else { return answer }
            let progress = try await apply(page.items, to: RoomRef(id: page.roomUuid, code: page.roomId))
            answer = .applied
            guard progress.applied < page.head, progress.applied > after else { return answer }
            after = progress.applied
        }
    }

    /// Where a room's timeline stands once facts up to a number are in it; `nil` when there is no such room.
    func head(of room: RoomID, reaching fact: Int64) async throws -> TimelineStore.Head? {
        let head = try await store.head(of: room)
        // Every room has a first fact, so who knows none does not know the room.
        guard (head?.appliedFact ?? 0) < max(fact, 1) else { return head }
        guard try await catchUp(.id(room)) != .noSuchRoom else { return nil }
        return try await store.head(of: room)
    }

    private func apply(_ facts: [RoomFact], to room: RoomRef) async throws -> FactProgress {
        let scope = RequestScope.current
        return try await writer.change(room.id) { progress in
            progress.entries.compactMap { try? TimelineEvent($0, in: room, scope: scope) }
        } _: { store in
            try await store.apply(facts, to: room)
        }
    }
}
