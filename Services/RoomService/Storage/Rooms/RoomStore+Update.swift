import Events
import Identifiers

extension RoomStore {
    /// What an update requires of the version it was made from (`If-Match`).
    enum VersionCondition: Sendable, Equatable {
        case any
        case oneOf(Set<Int64>)

        func check(_ version: Int64) throws(Refusal) {
            guard case .oneOf(let versions) = self else { return }
            guard versions.contains(version) else { throw .staleVersion(current: version) }
        }
    }

    /// Changes a room's fields. Changes that change nothing leave the version as it is.
    func update(
        _ id: RoomID, _ changes: RoomChanges, by caller: Caller, limits: PlanLimits, condition: VersionCondition
    ) async throws -> Room {
        try await change(id, by: caller.userID) { change in
            _ = try await change.requireMember(caller.userID, for: .update)
            let result = try changes.applied(to: change.room, plan: caller.plan, limits: limits)
            try condition.check(change.room.version)
            guard result != change.room else { return change.room }
            change.room = result
            change.advanceVersion()
            change.record(.roomUpdated(change.views.entry(change.room)))
            change.note(.roomUpdated)
            return change.room
        }
    }

    /// Ends a room by its owner's will. Its members stay recorded: they may go on reading.
    func delete(_ id: RoomID, by user: UserID, condition: VersionCondition) async throws {
        try await change(id, by: user) { change in
            _ = try await change.requireMember(user, for: .delete)
            try condition.check(change.room.version)
            change.note(.roomDeleted)
            try await change.end(.deleted)
        }
    }

    /// Ends a room whose time is up; nothing happens when that is not so, or somebody else did it.
    ///
    /// - Parameter isEmpty: whether nobody sits in it for certain: an abandoned pair ends then too.
    /// - Returns: whether this call ended it.
    @discardableResult
    func endExpired(_ id: RoomID, isEmpty: Bool = false) async throws -> Bool {
        try await change(id, by: nil) { change in
            let now = clock.now()
            guard lifetime.hasExpired(change.room, at: now) || isEmpty && lifetime.isAbandoned(change.room, at: now)
            else { return false }
            try await change.end(.expired)
            return true
        }
    }
}
