import Identifiers
import Testing

@testable import MessageService

@Suite struct RelayedRoomsTests {
    private let room = RoomID.new()
    private let now = ContinuousClock.now

    @Test func withoutAFailureEverythingIsSent() {
        var rooms = RelayedRooms()
        #expect(rooms.isEmpty)
        let isSent = rooms.sends(room, 1)
        #expect(isSent)
        #expect(rooms.isEmpty)
    }

    @Test func afterAFailureNothingIsSentUntilTheRowSaysSo() {
        var rooms = RelayedRooms()
        rooms.fail(room, 5)
        #expect(rooms.failed == [room])
        var isSent = rooms.sends(room, 6)
        #expect(!isSent)
        isSent = rooms.sends(.new(), 1)
        #expect(isSent)
        rooms.leaveToRelay(room, upTo: 7, now: now)
        #expect(rooms.failed == [])
        // Committed before the row was changed, and on its way until now.
        isSent = rooms.sends(room, 7)
        #expect(!isSent)
        // Committed after the relay gave the room back: else the append had said so.
        isSent = rooms.sends(room, 8)
        #expect(isSent)
        #expect(rooms.isEmpty)
    }

    @Test func whatWasKeptBackAfterTheRowWasChangedIsLeftOnceMore() {
        var rooms = RelayedRooms()
        rooms.fail(room, 5)
        // The row was changed at 6 and changed back, and the answer is not here yet.
        let isSent = rooms.sends(room, 7)
        #expect(!isSent)
        rooms.leaveToRelay(room, upTo: 6, now: now)
        #expect(rooms.failed == [room])
        rooms.leaveToRelay(room, upTo: 9, now: now)
        #expect(rooms.failed == [])
    }

    @Test func aFailureThatTheRelayKnowsOfIsNone() {
        var rooms = RelayedRooms()
        rooms.leaveToRelay(room, upTo: 9, now: now)
        rooms.fail(room, 8)
        #expect(rooms.failed == [])
        rooms.fail(room, 10)
        #expect(rooms.failed == [room])
    }

    @Test func aDoubtKeepsWhatIsKnown() {
        var rooms = RelayedRooms()
        rooms.leaveToRelay(room, upTo: 9, now: now)
        rooms.doubt(room)
        #expect(rooms.failed == [room])
        rooms.leaveToRelay(room, upTo: 8, now: now)
        #expect(rooms.failed == [room])
        rooms.leaveToRelay(room, upTo: 9, now: now)
        #expect(rooms.failed == [])
    }

    @Test func onlyWhatNeedsNothingMoreIsForgotten() {
        var rooms = RelayedRooms()
        let failing = RoomID.new()
        rooms.fail(failing, 1)
        rooms.leaveToRelay(room, upTo: 9, now: now)
        rooms.expire(before: now)
        var isSent = rooms.sends(room, 9)
        #expect(!isSent)
        rooms.expire(before: now + .seconds(1))
        isSent = rooms.sends(room, 9)
        #expect(isSent)
        #expect(rooms.failed == [failing])
    }
}
