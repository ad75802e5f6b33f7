import Foundation
import Identifiers
import Testing

@testable import RoomService

@Suite struct AuditChainTests {
    private let room = RoomID.new()

    private func chain(_ count: Int) -> [AuditEntry] {
        var previous = AuditChain.root
        return (1...count).map { number in
            let entry = AuditEntry(
                number: Int64(number), id: UUID(), actorID: .new(), action: "member_removed", targetID: UUID(),
                reason: number == 2 ? nil : "reason", at: .now(), hash: [], previousHash: [])
            let linked = AuditChain.link(entry, after: previous, in: room)
            previous = linked.hash
            return linked
        }
    }

    private func firstBroken(_ entries: [AuditEntry]) -> UUID? {
        var verification = AuditChain.Verification(room: room)
        for entry in entries { verification.follow(entry) }
        return verification.firstBroken
    }

    @Test func anUntouchedChainIsWhole() { #expect(firstBroken(chain(5)) == nil) }

    @Test func everyFieldCounts() {
        let changes: [(inout AuditEntry) -> Void] = [
            { $0.actorID = nil }, { $0.action = "member_added" }, { $0.targetID = nil }, { $0.reason = nil },
            { $0.reason = "" }, { $0.at = $0.at + .milliseconds(1) }, { $0.id = UUID() }, { $0.hash[0] ^= 1 },
        ]
        for change in changes {
            var entries = chain(4)
            change(&entries[2])
            #expect(firstBroken(entries) == entries[2].id)
        }
    }

    @Test func whatIsTakenOutOrMovedShows() {
        var entries = chain(4)
        let fourth = entries[3].id
        entries.remove(at: 2)
        #expect(firstBroken(entries) == fourth)
        entries = chain(4)
        entries.swapAt(1, 2)
        #expect(firstBroken(entries) == entries[1].id)
    }

    @Test func anEntryOfAnotherRoomDoesNotFit() {
        var verification = AuditChain.Verification(room: .new())
        let entry = chain(1)[0]
        verification.follow(entry)
        #expect(verification.firstBroken == entry.id)
    }
}
