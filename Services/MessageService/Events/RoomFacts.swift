import Events
import HTTPSupport
import Identifiers

/// What the room service says when it is asked.
protocol RoomFactSource: Sendable {
    /// Facts of a room after a number, in order; `nil` when there is no such room.
    ///
    /// - Throws: ``Refusal/unavailable`` when the room service cannot be asked.
    func facts(of room: RoomReference, after fact: Int64) async throws(Refusal) -> InternalAPI.Facts?

    /// Whether somebody is banned from a room.
    func isBanned(_ user: UserID, from room: RoomReference) async throws(Refusal) -> Bool
}

/// The room service over its `/internal` endpoints.
struct RoomServiceFacts: RoomFactSource {
    static let pageSize = 500

    let client: InternalClient

    func facts(of room: RoomReference, after fact: Int64) async throws(Refusal) -> InternalAPI.Facts? {
        do {
            return try await client.get("/internal/rooms/\(room)/facts?after=\(fact)&limit=\(Self.pageSize)")
        } catch {
            if error.code == .roomNotFound || error.code == .notFound { return nil }
            throw .unavailable
        }
    }

    func isBanned(_ user: UserID, from room: RoomReference) async throws(Refusal) -> Bool {
        do {
            let admission: InternalAPI.Admission = try await client.get("/internal/rooms/\(room)/admission/\(user)")
            return admission.ban != nil
        } catch {
            throw .unavailable
        }
    }
}
