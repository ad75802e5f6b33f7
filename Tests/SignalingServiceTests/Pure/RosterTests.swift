import Events
import Identifiers
import Testing

@testable import SignalingService

@Suite struct RosterTests {
    private let ada = UserID.new()
    private let one = ConnectionID.new(), two = ConnectionID.new()

    private func record(_ version: Int64, _ connections: ConnectionID...) -> SeatRecord {
        SeatRecord(
            name: "Ada", role: .member, joinedAt: 1, version: version,
            connections: Dictionary(
                uniqueKeysWithValues: connections.enumerated().map {
                    ($0.element.description, .init(node: "a/1", since: Int64($0.offset), media: nil))
                }))
    }

    private func change(_ kind: SeatChange.Kind, _ version: Int64, _ record: SeatRecord?) -> SeatChange {
        SeatChange(kind: kind, userId: ada, version: version, record: record, reason: .bye, count: 1)
    }

    @Test func tellsWhoCameAndWent() {
        var roster = Roster()
        #expect(roster.apply(change(.joined, 1, record(1, one))) == .joined(record(1, one).participant(ada)))
        #expect(
            roster.apply(change(.updated, 2, record(2, one, two))) == .updated(record(2, one, two).participant(ada)))
        #expect(roster.apply(change(.left, 3, nil)) == .left(ada, .bye))
        #expect(roster.participants.isEmpty)
    }

    @Test func oldNewsIsNoNews() {
        var roster = Roster()
        _ = roster.apply(change(.joined, 5, record(5, one)))
        #expect(roster.apply(change(.joined, 5, record(5, one))) == nil)
        #expect(roster.apply(change(.left, 4, nil)) == nil)
        #expect(roster.participants.count == 1)
    }

    @Test func aLeaveThatOvertookTheJoinStands() {
        var roster = Roster()
        #expect(roster.apply(change(.left, 7, nil)) == nil)
        #expect(roster.apply(change(.joined, 6, record(6, one))) == nil)
        #expect(roster.participants.isEmpty)
    }

    @Test func aSnapshotHealsBothWays() {
        var roster = Roster()
        let bob = UserID.new()
        _ = roster.apply(change(.joined, 5, record(5, one)))
        let snapshot = SeatStore.Snapshot(version: 9, count: 1, seats: [bob: record(8, two)])
        let notices = roster.replace(with: snapshot)
        #expect(notices.contains(.joined(record(8, two).participant(bob))))
        #expect(notices.contains(.left(ada, .timeout)))
        // What came after the snapshot was made stays.
        _ = roster.apply(change(.joined, 12, record(12, one)))
        #expect(roster.replace(with: snapshot).isEmpty)
        #expect(roster.seats[ada] != nil)
        // Who sits here is not gone because the authority lost them.
        let later = SeatStore.Snapshot(version: 15, count: 1, seats: [bob: record(8, two)])
        #expect(roster.replace(with: later, held: [ada]).isEmpty)
        #expect(roster.replace(with: later) == [.left(ada, .timeout)])
    }

    @Test func mediaAloneIsNoUpdate() {
        var roster = Roster()
        _ = roster.apply(change(.joined, 1, record(1, one)))
        var next = record(2, one)
        next.connections[one.description]?.media = MediaState(audio: true)
        #expect(roster.apply(change(.updated, 2, next)) == nil)
        #expect(roster.participants[0].media[one.description]?.audio == true)
    }

    /// The authority hears of media later than the others do.
    @Test func newsOfAnotherKindDoNotTakeMediaBack() {
        var roster = Roster()
        _ = roster.apply(change(.joined, 1, record(1, one, two)))
        let noted = roster.note(MediaState(audio: true), of: one, of: ada)
        #expect(noted?.mediaChanges == 1)
        let left = change(.updated, 2, record(2, one))
        let notice = roster.apply(left)
        guard case .updated(let view) = notice else { return #expect(Bool(false), "\(String(describing: notice))") }
        #expect(view.media[one.description]?.audio == true)
        #expect(roster.completed(left).record?.connections[one.description]?.media?.audio == true)
        // Nor does what was said before, heard late.
        #expect(roster.note(MediaState(video: true), of: one, of: ada, changes: 1) == nil)
        _ = roster.replace(with: .init(version: 3, count: 1, seats: [ada: record(3, one)]))
        #expect(roster.participants[0].media[one.description] == MediaState(audio: true))
        #expect(roster.note(MediaState(), of: one, of: ada, changes: 2)?.media == MediaState())
        #expect(roster.note(MediaState(), of: two, of: ada) == nil)
    }
}
