import Events
import Foundation
import Identifiers
import Testing

@testable import SignalingService

@Suite struct PendingCommandsTests {
    private func command() -> MessageCommand {
        MessageCommand(
            id: UUID(), roomUuid: .new(), roomId: .random(), userId: .new(), requestId: nil, type: .text, content: "a",
            trackRef: nil, parentId: nil, clientMessageId: "k")
    }

    @Test func eachIsAnsweredOnce() {
        var pending = PendingCommands()
        let (first, start) = (command(), ContinuousClock.now)
        pending.add(first, at: start) { _ in }
        #expect(pending.answer(first.id)?.command == first)
        #expect(pending.answer(first.id) == nil)
        #expect(pending.expired(.seconds(1), at: start + .seconds(5)).isEmpty)
    }

    @Test func overdueOnesAreRepeatedOnceAndExpireOnce() {
        var pending = PendingCommands()
        let (old, young, start) = (command(), command(), ContinuousClock.now)
        pending.add(old, at: start) { _ in }
        pending.add(young, at: start + .seconds(3)) { _ in }
        #expect(pending.overdue(.seconds(4), at: start + .seconds(5)) == [old])
        #expect(pending.overdue(.seconds(4), at: start + .seconds(5)).isEmpty)
        #expect(pending.expired(.seconds(9), at: start + .seconds(10)).map(\.command) == [old])
        #expect(pending.count == 1)
        #expect(pending.expired(.seconds(9), at: start + .seconds(20)).map(\.command) == [young])
    }
}
