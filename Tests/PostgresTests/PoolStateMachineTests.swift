import IOReactor
import Testing

@testable import Postgres

/// The pool's rules, without a server or a clock: links are numbers, callers are letters.
@Suite struct PoolStateMachineTests {
    typealias Machine = PGPoolStateMachine<Int, String>
    private let start = MonotonicInstant.now

    private func machine(size: Int = 2, waiters: Int = 3) -> Machine {
        var configuration = PGConfiguration(url: "")
        configuration.poolSize = size
        configuration.maxWaiters = waiters
        configuration.acquireTimeout = .seconds(5)
        configuration.idleTimeout = .seconds(60)
        configuration.minimumBackoff = .milliseconds(100)
        configuration.maximumBackoff = .seconds(1)
        return Machine(configuration)
    }

    private func at(_ seconds: Double) -> MonotonicInstant {
        start + .milliseconds(Int((seconds * 1000).rounded()))
    }

    /// Puts `waiter` in the queue under its own letter as number.
    private func enqueue(
        _ machine: inout Machine, _ waiter: Character, toShare: Bool = false, at seconds: Double = 0
    ) -> [String] {
        machine.enqueue(String(waiter), id: UInt64(waiter.asciiValue!), toShare: toShare, now: at(seconds))
            .map(Self.text)
    }

    private static func text(_ action: Machine.Action) -> String {
        switch action {
        case .lend(let link, let waiters): "lend \(link) to \(waiters.joined(separator: " and "))"
        case .fail(let waiter, let error): "fail \(waiter): \(error.kind)"
        case .connect: "connect"
        case .close(let link): "close \(link)"
        case .drained: "drained"
        }
    }

    private let away = PGError(.connection, "refused")

    @Test func aLinkIsOpenedForEachCallerUpToTheSizeOfThePool() {
        var machine = machine(size: 2)
        #expect(enqueue(&machine, "a") == ["connect"])
        #expect(enqueue(&machine, "b") == ["connect"])
        #expect(enqueue(&machine, "c") == [])
        #expect(machine.connected(1, now: at(0)).map(Self.text) == ["lend 1 to a"])
        #expect(machine.connected(2, now: at(0)).map(Self.text) == ["lend 2 to b"])
        #expect(machine.statistics == PGPoolStatistics(size: 2, idle: 0, busy: 2, connecting: 0, waiting: 1))
    }

    @Test func aReturnedLinkGoesToWhoHasWaitedLongest() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        _ = enqueue(&machine, "b")
        _ = enqueue(&machine, "c")
        #expect(machine.release(1, isReusable: true, now: at(1)).map(Self.text) == ["lend 1 to b"])
        #expect(machine.release(1, isReusable: true, now: at(1)).map(Self.text) == ["lend 1 to c"])
        #expect(machine.release(1, isReusable: true, now: at(1)).isEmpty)
        #expect(machine.takeIdle() == 1)
    }

    @Test func theLinkUsedLastIsLentFirst() {
        var machine = machine(size: 2)
        for (waiter, link) in [("a", 1), ("b", 2)] as [(Character, Int)] {
            _ = enqueue(&machine, waiter)
            _ = machine.connected(link, now: at(0))
        }
        _ = machine.release(1, isReusable: true, now: at(1))
        _ = machine.release(2, isReusable: true, now: at(2))
        #expect(machine.takeIdle() == 2)
        #expect(machine.takeIdle() == 1)
        #expect(machine.takeIdle() == nil)
    }

    @Test func theQueueIsBounded() {
        var machine = machine(size: 1, waiters: 1)
        _ = enqueue(&machine, "a")
        #expect(enqueue(&machine, "b") == ["fail b: pool exhausted"])
    }

    @Test func aCallerThatWaitsTooLongFails() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        _ = enqueue(&machine, "b", at: 1)
        _ = enqueue(&machine, "c", at: 2)
        #expect(machine.nextTick == at(6))
        #expect(machine.tick(now: at(5.9)).isEmpty)
        #expect(machine.tick(now: at(6)).map(Self.text) == ["fail b: pool exhausted"])
        #expect(machine.release(1, isReusable: true, now: at(6)).map(Self.text) == ["lend 1 to c"])
    }

    @Test func aCancelledCallerLeavesTheQueueOnce() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        _ = enqueue(&machine, "b")
        #expect(machine.cancel(id: 97) == "a")
        #expect(machine.cancel(id: 97) == nil)
        #expect(machine.connected(1, now: at(0)).map(Self.text) == ["lend 1 to b"])
        #expect(machine.cancel(id: 98) == nil)
    }

    @Test func aBrokenLinkIsClosedAndReplacedForThoseWhoWait() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        _ = enqueue(&machine, "b")
        #expect(machine.release(1, isReusable: false, now: at(1)).map(Self.text) == ["close 1", "connect"])
        #expect(machine.connected(2, now: at(1)).map(Self.text) == ["lend 2 to b"])
    }

    @Test func whileTheDatabaseIsAwayCallersFailAtOnce() {
        var machine = machine()
        _ = enqueue(&machine, "a")
        let failed = machine.connectFailed(away, now: at(0), jitter: 0).map(Self.text)
        #expect(failed == ["fail a: connection"])
        #expect(machine.isAway)
        #expect(enqueue(&machine, "b") == ["fail b: connection"])
        // Also while the next attempt is under way.
        #expect(machine.tick(now: at(1)).map(Self.text) == ["connect"])
        #expect(enqueue(&machine, "c") == ["fail c: connection"])
    }

    /// Of many attempts at once a crowded server may refuse the first and accept the second.
    @Test func callersFailOnlyWhenTheLastAttemptHasFailed() {
        var machine = machine()
        _ = enqueue(&machine, "a")
        _ = enqueue(&machine, "b")
        #expect(machine.connectFailed(away, now: at(0), jitter: 0).isEmpty)
        var lucky = machine
        #expect(lucky.connected(1, now: at(0)).map(Self.text) == ["lend 1 to a", "connect"])
        let failed = machine.connectFailed(away, now: at(0), jitter: 0).map(Self.text)
        #expect(failed == ["fail a: connection", "fail b: connection"])
    }

    @Test func attemptsBackOffUntilOneSucceeds() {
        var machine = machine()
        #expect(machine.start().map(Self.text) == ["connect"])
        #expect(machine.start().isEmpty)
        _ = machine.connectFailed(away, now: at(0), jitter: 0)
        #expect(machine.nextTick == at(0.05))
        #expect(machine.tick(now: at(0.04)).isEmpty)
        #expect(machine.tick(now: at(0.05)).map(Self.text) == ["connect"])
        _ = machine.connectFailed(away, now: at(1), jitter: 0)
        #expect(machine.nextTick == at(1.1))
        for _ in 0..<10 {
            #expect(machine.tick(now: at(9)).map(Self.text) == ["connect"])
            _ = machine.connectFailed(away, now: at(5), jitter: 0.999)
        }
        #expect(machine.nextTick! < at(6))
        _ = machine.tick(now: at(9))
        #expect(machine.connected(1, now: at(9)).isEmpty)
        #expect(!machine.isAway)
        #expect(machine.takeIdle() == 1)
    }

    @Test func anAttemptUnderWayIsNotDoubled() {
        var machine = machine()
        _ = machine.start()
        _ = machine.connectFailed(away, now: at(0), jitter: 0)
        #expect(machine.tick(now: at(1)).map(Self.text) == ["connect"])
        #expect(machine.tick(now: at(9)).isEmpty)
    }

    /// The server may refuse a further link ("too many clients") and serve those it has.
    @Test func aRefusedLinkDoesNotFailThoseWhoCanWaitForAnother() {
        var machine = machine(size: 2)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        _ = enqueue(&machine, "b")
        #expect(machine.connectFailed(away, now: at(0), jitter: 0).isEmpty)
        #expect(!machine.isAway)
        #expect(enqueue(&machine, "c") == [])
        #expect(machine.release(1, isReusable: true, now: at(1)).map(Self.text) == ["lend 1 to b"])
        // The last link breaks: now nobody can serve them.
        #expect(machine.release(1, isReusable: false, now: at(2)).map(Self.text) == ["close 1", "fail c: connection"])
    }

    @Test func idleLinksAreClosedExceptTheLast() {
        var machine = machine(size: 3)
        for (waiter, link) in [("a", 1), ("b", 2), ("c", 3)] as [(Character, Int)] {
            _ = enqueue(&machine, waiter)
            _ = machine.connected(link, now: at(0))
        }
        for link in 1...3 { _ = machine.release(link, isReusable: true, now: at(Double(link))) }
        #expect(machine.nextTick == at(61))
        #expect(machine.tick(now: at(61)).map(Self.text) == ["close 1"])
        #expect(machine.tick(now: at(500)).map(Self.text) == ["close 2"])
        #expect(machine.nextTick == nil)
    }

    @Test func aLinkComesBackQuietlyOnlyWhenNothingIsToBeDone() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        let withoutTimer = machine.returnIdle(1, now: at(0), timer: nil)
        #expect(!withoutTimer, "nobody would close it")
        let withLateTimer = machine.returnIdle(1, now: at(0), timer: at(61))
        #expect(!withLateTimer, "it would be closed too late")
        _ = enqueue(&machine, "b")
        let withWaiter = machine.returnIdle(1, now: at(0), timer: at(5))
        #expect(!withWaiter, "somebody waits")
        _ = machine.cancel(id: 98)
        let quietly = machine.returnIdle(1, now: at(0), timer: at(5))
        #expect(quietly)
        #expect(machine.statistics == PGPoolStatistics(size: 1, idle: 1, busy: 0, connecting: 0, waiting: 0))
    }

    @Test func shutdownFailsWhoWaitsAndDrainsTheRest() {
        var machine = machine(size: 2)
        for (waiter, link) in [("a", 1), ("b", 2)] as [(Character, Int)] {
            _ = enqueue(&machine, waiter)
            _ = machine.connected(link, now: at(0))
        }
        _ = enqueue(&machine, "c")
        _ = machine.cancel(id: 99)
        _ = machine.release(2, isReusable: true, now: at(0))
        #expect(machine.shutDown().map(Self.text) == ["close 2"])
        #expect(enqueue(&machine, "d") == ["fail d: closed"])
        #expect(machine.release(1, isReusable: true, now: at(1)).map(Self.text) == ["close 1", "drained"])
    }

    @Test func shutdownWithCallersWaitingAndALinkUnderWay() {
        var machine = machine(size: 1)
        _ = enqueue(&machine, "a")
        #expect(machine.shutDown().map(Self.text) == ["fail a: closed"])
        #expect(machine.connected(1, now: at(1)).map(Self.text) == ["close 1", "drained"])
        #expect(machine.shutDown().isEmpty)
    }

    // MARK: - Those who share

    /// A pool with the links 1 to 4, all idle: one may be shared.
    private func idlePool() -> Machine {
        var machine = machine(size: 4, waiters: 20)
        for (waiter, link) in [("a", 1), ("b", 2), ("c", 3), ("d", 4)] as [(Character, Int)] {
            _ = enqueue(&machine, waiter)
            _ = machine.connected(link, now: at(0))
        }
        for link in [4, 3, 2, 1] { _ = machine.release(link, isReusable: true, now: at(0)) }
        return machine
    }

    @Test func thoseWhoShareGatherWhileOneOfThemHasALink() {
        var machine = idlePool()
        #expect(machine.takeIdle(toShare: true) == 1)
        #expect(machine.takeIdle(toShare: true) == nil)
        for waiter in "efghijklm" { #expect(enqueue(&machine, waiter, toShare: true) == []) }
        #expect(machine.takeIdle() == 2, "who wants a link alone gets one")
        #expect(machine.release(2, isReusable: true, now: at(1)).isEmpty, "it is not shared")
        let quietly = machine.returnIdle(1, wasShared: true, now: at(1), timer: at(2))
        #expect(!quietly, "somebody waits")
        let landed = machine.release(1, wasShared: true, isReusable: true, now: at(1)).map(Self.text)
        #expect(landed == ["lend 1 to e and f and g and h and i and j and k and l"])
        #expect(machine.statistics == PGPoolStatistics(size: 4, idle: 3, busy: 1, connecting: 0, waiting: 1))
        #expect(machine.release(1, wasShared: true, isReusable: true, now: at(1)).map(Self.text) == ["lend 1 to m"])
        #expect(machine.release(1, wasShared: true, isReusable: true, now: at(1)).isEmpty)
        #expect(machine.takeIdle(toShare: true) == 1)
    }

    @Test func whoHasWaitedLongestComesFirstWhetherItSharesOrNot() {
        var machine = machine(size: 1, waiters: 20)
        _ = enqueue(&machine, "a")
        _ = machine.connected(1, now: at(0))
        _ = enqueue(&machine, "b", toShare: true, at: 1)
        _ = enqueue(&machine, "c", at: 2)
        _ = enqueue(&machine, "d", toShare: true, at: 3)
        #expect(machine.release(1, isReusable: true, now: at(4)).map(Self.text) == ["lend 1 to b and d"])
        _ = enqueue(&machine, "e", toShare: true, at: 4)
        #expect(machine.release(1, wasShared: true, isReusable: true, now: at(4)).map(Self.text) == ["lend 1 to c"])
        #expect(machine.release(1, isReusable: true, now: at(4)).map(Self.text) == ["lend 1 to e"])
    }

    /// The shared link went to somebody else; the next one that comes back is theirs.
    @Test func aLinkIsNotPutAwayFromThoseWhoShare() {
        var machine = machine(size: 2, waiters: 20)
        for (waiter, link) in [("a", 1), ("b", 2)] as [(Character, Int)] {
            _ = enqueue(&machine, waiter, toShare: waiter == "a")
            _ = machine.connected(link, now: at(0))
        }
        _ = enqueue(&machine, "c", at: 1)
        _ = enqueue(&machine, "d", toShare: true, at: 2)
        #expect(machine.release(1, wasShared: true, isReusable: true, now: at(3)).map(Self.text) == ["lend 1 to c"])
        let quietly = machine.returnIdle(2, now: at(3), timer: at(4))
        #expect(!quietly, "somebody waits")
        #expect(machine.release(2, isReusable: true, now: at(3)).map(Self.text) == ["lend 2 to d"])
    }

    @Test func aBrokenSharedLinkIsReplacedByAnIdleOne() {
        var machine = idlePool()
        _ = machine.takeIdle(toShare: true)
        _ = enqueue(&machine, "e", toShare: true)
        let broken = machine.release(1, wasShared: true, isReusable: false, now: at(1)).map(Self.text)
        #expect(broken == ["close 1", "lend 2 to e"])
    }

    @Test func thoseWhoShareOpenOnlyTheLinksTheyMayHave() {
        var machine = machine(size: 4, waiters: 20)
        #expect(enqueue(&machine, "a", toShare: true) == ["connect"])
        #expect(enqueue(&machine, "b", toShare: true) == [])
        #expect(enqueue(&machine, "c", at: 1) == ["connect"])
        #expect(machine.connected(1, now: at(1)).map(Self.text) == ["lend 1 to a and b"])
    }

    @Test func thoseWhoShareAreCancelledExpiredAndFailedLikeOthers() {
        var machine = idlePool()
        _ = machine.takeIdle(toShare: true)
        for (waiter, second) in [("e", 1), ("f", 2), ("g", 3)] as [(Character, Double)] {
            _ = enqueue(&machine, waiter, toShare: true, at: second)
        }
        #expect(machine.cancel(id: 102) == "f")
        #expect(machine.nextTick == at(6))
        #expect(machine.tick(now: at(6)).map(Self.text) == ["fail e: pool exhausted"])
        #expect(machine.shutDown().map(Self.text) == ["fail g: closed", "close 4", "close 3", "close 2"])
    }
}
