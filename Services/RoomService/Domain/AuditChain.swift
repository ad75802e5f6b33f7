import Crypto
import Foundation
import Identifiers

/// Acts that go into a room's audit log.
enum AuditAction: String, Sendable, CaseIterable {
    case roomUpdated = "room_updated"
    case roomDeleted = "room_deleted"
    case memberAdded = "member_added"
    case memberRemoved = "member_removed"
    case memberMuted = "member_muted"
    case memberUnmuted = "member_unmuted"
    case memberBanned = "member_banned"
    case memberUnbanned = "member_unbanned"
    case roleChanged = "role_changed"
    case ownershipTransferred = "ownership_transferred"
    case invitationWithdrawn = "invitation_withdrawn"
    case messageDeleted = "message_deleted"
    case reactionsCleared = "reactions_cleared"
}

/// One line of a room's audit log.
struct AuditEntry: Sendable, Equatable {
    var number: Int64
    var id: UUID
    var actorID: UserID?
    /// Kept as text: a log outlives the list of acts.
    var action: String
    var targetID: UUID?
    var reason: String?
    var at: Timestamp
    var hash: [UInt8]
    var previousHash: [UInt8]
}

/// The chain of hashes over a room's audit log: each entry's hash covers its fields, its room, its number and the hash before.
enum AuditChain {
    /// What stands before the first entry.
    static let root = [UInt8](repeating: 0, count: 32)

    static func hash(_ entry: AuditEntry, in room: RoomID) -> [UInt8] {
        var digest = SHA256()
        /// Length first, so that no two different entries write the same bytes.
        func field(_ text: String?) {
            let bytes = Array((text ?? "").utf8)
            var length = Int64(text == nil ? -1 : bytes.count).bigEndian
            withUnsafeBytes(of: &length) { digest.update(bufferPointer: $0) }
            digest.update(data: bytes)
        }
        digest.update(data: entry.previousHash)
        field(room.description)
        field(String(entry.number))
        field(entry.id.uuidString.lowercased())
        field(entry.actorID?.description)
        field(entry.action)
        field(entry.targetID?.uuidString.lowercased())
        field(entry.reason)
        field(String(entry.at.millisecondsSinceEpoch))
        return Array(digest.finalize())
    }

    /// The entry with its place in the chain.
    static func link(_ entry: AuditEntry, after previous: [UInt8], in room: RoomID) -> AuditEntry {
        var entry = entry
        entry.previousHash = previous
        entry.hash = hash(entry, in: room)
        return entry
    }

    /// Follows a chain from its start, an entry at a time, in order.
    struct Verification: Sendable {
        let room: RoomID
        private(set) var count: Int64 = 0
        private(set) var firstBroken: UUID?
        private var previous = AuditChain.root

        init(room: RoomID) { self.room = room }

        mutating func follow(_ entry: AuditEntry) {
            count += 1
            let fits =
                entry.number == count && entry.previousHash == previous
                && entry.hash == AuditChain.hash(entry, in: room)
            if !fits, firstBroken == nil { firstBroken = entry.id }
            previous = entry.hash
        }
    }
}
