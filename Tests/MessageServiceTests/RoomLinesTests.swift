import Identifiers
import Testing

@testable import MessageService

/// What is written together, and what waits for what.
@Suite struct RoomLinesTests {
    private let one = RoomID.new()
    private let two = RoomID.new()
    private var lines = RoomLines<String, String>()

    @Test mutating func messagesOfManyRoomsComeTogetherInTheOrderOfEach() {
        lines.append("a", count: 1, to: one)
        lines.append("b", count: 1, to: two)
        lines.append("c", count: 1, to: one)
        #expect(lines.waiting == 3)
        let batch = lines.takeMessages(limit: 10)
        #expect(batch.rooms == [one, two])
        #expect(batch.messages == ["a", "c", "b"])
        #expect(lines.waiting == 0)
        #expect(!lines.hasMessages)
    }

    @Test mutating func aRoomHasOneThingUnderWay() {
        lines.append("a", count: 1, to: one)
        _ = lines.takeMessages(limit: 10)
        lines.append("b", count: 1, to: one)
        lines.append("change", to: one)
        lines.append("c", count: 1, to: one)
        #expect(lines.takeMessages(limit: 10).messages == [])
        #expect(lines.takeChange() == nil)
        lines.free(one)
        #expect(lines.takeChange() == nil)
        #expect(lines.takeMessages(limit: 10).messages == ["b"])
        lines.free(one)
        #expect(!lines.hasMessages)
        #expect(lines.takeChange()?.change == "change")
        #expect(lines.takeMessages(limit: 10).messages == [])
        lines.free(one)
        #expect(lines.takeMessages(limit: 10).messages == ["c"])
        lines.free(one)
        #expect(lines.waiting == 0)
    }

    @Test mutating func whatCameTogetherStaysTogether() {
        lines.append("five", count: 5, to: one)
        lines.append("two", count: 2, to: two)
        // More than the limit goes alone.
        var batch = lines.takeMessages(limit: 3)
        #expect(batch.messages == ["five"])
        #expect(batch.rooms == [one])
        lines.append("one", count: 1, to: one)
        lines.free(one)
        batch = lines.takeMessages(limit: 2)
        #expect(batch.messages == ["two"])
        #expect(batch.rooms == [two])
        #expect(lines.hasMessages)
        #expect(lines.takeMessages(limit: 2).messages == ["one"])
    }

    @Test mutating func theRoomThatWaitsLongestIsFirst() {
        lines.append("a", to: one)
        lines.append("b", to: two)
        lines.append("c", to: one)
        #expect(lines.changes == 2)
        #expect(lines.takeChange()?.room == one)
        lines.free(one)
        #expect(lines.takeChange()?.change == "b")
        #expect(lines.takeChange()?.change == "c")
    }
}
