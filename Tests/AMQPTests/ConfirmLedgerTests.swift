import Testing

@testable import AMQP

@Suite struct ConfirmLedgerTests {
    typealias Ledger = ConfirmLedger<Int>

    private let soon = ContinuousClock.now + .seconds(1)
    private let route = Ledger.Route(exchange: "e", routingKey: "k", messageID: nil, mandatory: false)

    private func ledger(_ count: Int) -> Ledger {
        var ledger = Ledger()
        for waiter in 1...count { ledger.add(waiter, deadline: soon, route: route) }
        return ledger
    }

    private func waiters(_ completions: [Ledger.Completion]) -> [Int] { completions.map(\.waiter) }

    private func results(_ completion: Ledger.Completion?) -> [AMQPError?] {
        func error(_ result: Result<Void, AMQPError>) -> AMQPError? {
            if case .failure(let error) = result { error } else { nil }
        }
        switch completion?.outcome {
        case .one(let result): return [error(result)]
        case .batch(let results): return results.map(error)
        case nil: return []
        }
    }

    @Test func confirmsInAnyOrderSettleEachOnce() {
        var ledger = ledger(5)
        var done: [Ledger.Completion] = []
        ledger.settle(3, multiple: false, result: .success(()), into: &done)
        ledger.settle(3, multiple: false, result: .success(()), into: &done)
        #expect(waiters(done) == [3])
        ledger.settle(4, multiple: true, result: .success(()), into: &done)
        #expect(waiters(done) == [3, 1, 2, 4])
        ledger.settle(4, multiple: true, result: .success(()), into: &done)
        ledger.settle(99, multiple: false, result: .success(()), into: &done)
        #expect(waiters(done) == [3, 1, 2, 4])
        #expect(ledger.count == 1)
        ledger.settle(0, multiple: true, result: .success(()), into: &done)
        #expect(waiters(done) == [3, 1, 2, 4, 5])
        #expect(ledger.isEmpty)
    }

    @Test func sequenceGoesOnAfterAllIsSettled() {
        var ledger = ledger(2)
        var done: [Ledger.Completion] = []
        ledger.settle(2, multiple: true, result: .success(()), into: &done)
        ledger.add(7, deadline: soon, route: route)
        ledger.settle(3, multiple: false, result: .failure(.nacked), into: &done)
        #expect(waiters(done) == [1, 2, 7])
        #expect(results(done.last) == [.nacked])
    }

    @Test func aReturnedMessageFailsWithItsConfirm() {
        var ledger = Ledger()
        func mandatory(_ id: String?) -> Ledger.Route {
            .init(exchange: "e", routingKey: "k", messageID: id, mandatory: true)
        }
        ledger.add(1, deadline: soon, route: mandatory("a"))
        ledger.add(2, deadline: soon, route: mandatory("b"))
        ledger.add(3, deadline: soon, route: route)
        let error = AMQPError.returned(code: 312, reason: "NO_ROUTE")
        ledger.noteReturn(mandatory("b"), error: error)
        var done: [Ledger.Completion] = []
        ledger.settle(3, multiple: true, result: .success(()), into: &done)
        #expect(done.flatMap(results) == [nil, error, nil])
    }

    @Test func returnsWithoutAnIdMeanTheOldest() {
        var ledger = Ledger()
        let route = Ledger.Route(exchange: "e", routingKey: "k", messageID: nil, mandatory: true)
        for waiter in 1...3 { ledger.add(waiter, deadline: soon, route: route) }
        let error = AMQPError.returned(code: 312, reason: "NO_ROUTE")
        ledger.noteReturn(route, error: error)
        ledger.noteReturn(route, error: error)
        var done: [Ledger.Completion] = []
        ledger.settle(3, multiple: true, result: .success(()), into: &done)
        #expect(done.flatMap(results) == [error, error, nil])
    }

    @Test func aBatchIsToldOnceWithAllResults() {
        var ledger = Ledger()
        ledger.add(1, deadline: soon, route: route)
        // The second of four could not be sent.
        let start: [Result<Void, AMQPError>] = [
            .success(()), .failure(.invalid("too long")), .success(()), .success(()),
        ]
        ledger.add(2, results: start, sent: [0, 2, 3].map { ($0, route) }, deadline: soon)
        var done: [Ledger.Completion] = []
        ledger.settle(3, multiple: true, result: .success(()), into: &done)
        #expect(waiters(done) == [1])
        ledger.settle(4, multiple: false, result: .failure(.nacked), into: &done)
        #expect(waiters(done) == [1, 2])
        #expect(results(done.last) == [nil, .invalid("too long"), nil, .nacked])
    }

    @Test func whoIsLateIsToldOnceAndKeepsItsNumber() {
        var ledger = ledger(2)
        ledger.add(3, deadline: soon + .seconds(5), route: route)
        var done: [Ledger.Completion] = []
        ledger.expire(at: soon, into: &done)
        ledger.expire(at: soon, into: &done)
        #expect(waiters(done) == [1, 2])
        #expect(done.flatMap(results) == [.timeout, .timeout])
        ledger.settle(1, multiple: false, result: .success(()), into: &done)
        ledger.settle(3, multiple: true, result: .success(()), into: &done)
        #expect(waiters(done) == [1, 2, 3])
    }

    @Test func blockedOnesFailAfterTheGraceWithTheReason() {
        var ledger = ledger(1)
        var done: [Ledger.Completion] = []
        let now = soon - .milliseconds(900)
        ledger.block(.blocked("memory"), until: now + .milliseconds(100))
        ledger.expire(at: now, into: &done)
        #expect(done.isEmpty)
        ledger.expire(at: now + .milliseconds(100), into: &done)
        #expect(done.flatMap(results) == [.blocked("memory")])
    }

    @Test func aLostChannelFailsAllAndBlamesOne() {
        var ledger = Ledger()
        for (waiter, exchange) in [(1, "good"), (2, "bad"), (3, "bad")] {
            ledger.add(
                waiter, deadline: soon,
                route: .init(exchange: exchange, routingKey: "k", messageID: nil, mandatory: false))
        }
        var done: [Ledger.Completion] = []
        let refused = AMQPError.refused(code: 404, reason: "no exchange")
        ledger.failAll(.interrupted("x"), culprit: ("bad", refused), into: &done)
        #expect(done.flatMap(results) == [.interrupted("x"), refused, .interrupted("x")])
        // A new channel counts from 1.
        ledger.add(4, deadline: soon, route: route)
        ledger.settle(1, multiple: false, result: .success(()), into: &done)
        #expect(waiters(done) == [1, 2, 3, 4])
    }
}
