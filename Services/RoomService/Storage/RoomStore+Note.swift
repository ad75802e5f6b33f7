import Events
import Foundation
import Identifiers
import Postgres

extension RoomStore {
    /// Appends to a room's audit log what happened elsewhere.
    func note(
        _ action: AuditAction, by actor: UserID?, target: UUID, in room: RoomRef?, _ transaction: PGTransaction
    ) async throws {
        guard let room else { return }
        let locked = try await transaction.query("SELECT 1 FROM rooms WHERE id = \(room.id) FOR UPDATE")
        guard !locked.isEmpty else { return }
        let now = clock.now()
        let entry = AuditEntry(
            number: 0, id: .v7(at: now), actorID: actor, action: action.rawValue, targetID: target, reason: nil,
            at: now, hash: [], previousHash: [])
        try await AuditTable.append([entry], to: room.id, in: transaction)
    }
}
