import AMQP
import Events
import Identifiers
import Testing

@testable import EventBus

@Suite struct OutboxStateTests {
    private func event(_ name: String) -> StoredEvent {
        StoredEvent(id: .new(), routingKey: name, type: name, isMandatory: false, timestamp: .now(), body: [])
    }

    private func names(_ events: [StoredEvent]) -> [String] { events.map(\.type) }

    @Test func aLaterCommitOfARoomWaitsForTheEarlier() {
        var order = PublishOrder()
        let (room, other) = (RoomID.new(), RoomID.new())
        let tickets = [room, room, other, room].map { order.append(room: $0) }
        #expect(names(order.commit(tickets[1], event("b"))) == [])
        #expect(names(order.commit(tickets[2], event("x"))) == ["x"])
        #expect(names(order.commit(tickets[0], event("a"))) == ["a", "b"])
        #expect(names(order.commit(tickets[3], event("c"))) == ["c"])
        #expect(order.isEmpty)
    }

    @Test func aFailedTransactionLetsTheOthersPass() {
        var order = PublishOrder()
        let room = RoomID.new()
        let tickets = (0..<3).map { _ in order.append(room: room) }
        #expect(names(order.commit(tickets[1], event("b"))) == [])
        #expect(names(order.abort(tickets[0])) == ["b"])
        #expect(names(order.abort(tickets[0])) == [])
        #expect(names(order.abort(tickets[2])) == [])
        #expect(order.isEmpty)
    }

    @Test func withoutARoomThereIsNoOrder() {
        var order = PublishOrder()
        let tickets = [order.append(room: nil), order.append(room: nil)]
        #expect(names(order.commit(tickets[1], event("b"))) == ["b"])
        #expect(names(order.commit(tickets[0], event("a"))) == ["a"])
    }

    @Test func nothingOvertakesWhatWasLeft() {
        var flow = OutboxFlow()
        #expect(names(flow.publish([event("a")])) == ["a"])
        flow.fallBehind()
        #expect(names(flow.publish([event("b")])) == [])
        flow.beginCatchingUp()
        #expect(names(flow.publish([event("c"), event("d")])) == [])
        #expect(names(flow.endCatchingUp()) == ["c", "d"])
        #expect(names(flow.publish([event("e")])) == ["e"])
    }

    @Test func aFailureWhileCatchingUpStartsOver() {
        var flow = OutboxFlow()
        flow.fallBehind()
        flow.beginCatchingUp()
        #expect(names(flow.publish([event("a")])) == [])
        flow.fallBehind()
        #expect(names(flow.endCatchingUp()) == [])
        #expect(!flow.isDirect)
    }

    @Test func whatTheRelayTookIsNotHeld() {
        var flow = OutboxFlow()
        flow.fallBehind()
        flow.beginCatchingUp()
        let (early, late, new) = (event("early"), event("late"), event("new"))
        let owns1 = flow.store([early.id, late.id, new.id])
        #expect(owns1)
        #expect(names(flow.publish([early])) == [])
        // Both were in the table; of the second one's commit this process hears only now.
        flow.leaveToRelay([early.id, late.id])
        #expect(!flow.isSettled)
        #expect(names(flow.publish([late, new])) == [])
        #expect(flow.isSettled)
        #expect(names(flow.endCatchingUp()) == ["new"])
    }

    @Test func whatWasStoredForTheRelayIsTheRelaysWhateverComesBeforeItsCommit() {
        var flow = OutboxFlow()
        let (left, aborted) = (event("left"), event("aborted"))
        flow.fallBehind()
        let owns2 = flow.store([left.id])
        #expect(!owns2)
        let owns3 = flow.store([aborted.id])
        #expect(!owns3)
        flow.beginCatchingUp()
        // It cannot be seen in the table yet, so nobody must think that all has left.
        #expect(!flow.isSettled)
        flow.abort([aborted.id])
        #expect(!flow.isSettled)
        #expect(names(flow.publish([left])) == [])
        #expect(flow.isSettled)
        #expect(names(flow.endCatchingUp()) == [])
        #expect(flow.isDirect)
    }

    @Test func whatTheRelayTookAsForgottenIsNotPublishedLate() {
        var flow = OutboxFlow()
        let (slow, next) = (event("slow"), event("next"))
        let owns4 = flow.store([slow.id])
        #expect(owns4)
        flow.leaveToRelay([slow.id])
        #expect(!flow.isDirect)
        let owns5 = flow.store([next.id])
        #expect(!owns5)
        #expect(names(flow.publish([slow, next])) == [])
    }

    @Test func tooMuchToHoldIsLeftToTheTable() {
        var flow = OutboxFlow(heldLimit: 2)
        flow.fallBehind()
        flow.beginCatchingUp()
        #expect(names(flow.publish([event("a"), event("b"), event("c")])) == [])
        #expect(names(flow.endCatchingUp()) == [])
        #expect(!flow.isDirect)
    }

    @Test func whoIsBehindLeavesItsRowsToTheRelay() {
        var flow = OutboxFlow()
        let owns6 = flow.store([.new()])
        #expect(owns6)
        flow.fallBehind()
        let owns7 = flow.store([.new()])
        #expect(!owns7)
        flow.beginCatchingUp()
        let owns8 = flow.store([.new()])
        #expect(owns8)
    }

    @Test func whatTheBrokerWillNotHaveHoldsUpNothing() {
        let events = ["a", "b", "c", "d"].map(event)
        let none = AMQPError.returned(code: 312, reason: "NO_ROUTE")
        let outcome = PublishOutcome(
            events, [.success(()), .failure(none), .failure(.timeout), .failure(.invalid("too long"))])
        #expect(outcome.confirmed == [events[0].id])
        #expect(outcome.refused == [events[1].id, events[3].id])
        #expect(outcome.refusal == none)
        #expect(outcome.failed == [events[2].id])
        #expect(outcome.failure == .timeout)
        // A publisher that is shut down says nothing of the event.
        #expect(PublishOutcome([events[0]], [.failure(.closed)]).failure == .closed)
    }

    @Test func failuresAreRetriedAsTheContractSays() {
        let schedule = RetrySchedule.contract
        let steps = (1...5).map { schedule.step(afterFailure: $0) }
        #expect(
            steps == [
                .retry(after: .seconds(1)), .retry(after: .seconds(10)), .retry(after: .seconds(60)),
                .retry(after: .seconds(600)), .giveUp,
            ])
        #expect(RetrySchedule(delays: []).step(afterFailure: 1) == .giveUp)
    }

    @Test func queuesAreNamedAfterTheirWork() {
        let topology = EventTopology.workQueue("notifications", bindings: ["invitation.#"])
        #expect(
            topology.queues.map(\.name) == [
                "notifications", "notifications.dead", "notifications.retry.1s", "notifications.retry.10s",
                "notifications.retry.60s", "notifications.retry.600s",
            ])
        #expect(topology.queues.allSatisfy { $0.durable && $0.arguments["x-queue-type"] == "quorum" })
    }
}
