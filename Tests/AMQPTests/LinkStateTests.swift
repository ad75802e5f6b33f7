import Testing

@testable import AMQP

@Suite struct LinkStateTests {
    private let now = ContinuousClock.now

    @Test func aSilentBrokerIsGivenUpAfterTwoIntervals() {
        var pulse = Pulse(.seconds(10), now: now)
        #expect(pulse.check(at: now + .seconds(4)) == .nothing)
        #expect(pulse.check(at: now + .seconds(5)) == .beat)
        #expect(pulse.check(at: now + .seconds(6)) == .nothing)
        #expect(pulse.check(at: now + .seconds(10)) == .beat)
        pulse.heard(at: now + .seconds(12))
        #expect(pulse.check(at: now + .seconds(31)) == .beat)
        #expect(pulse.check(at: now + .seconds(33)) == .dead)
    }

    @Test func withoutHeartbeatsNothingIsSentOrGivenUp() {
        var pulse = Pulse(.zero, now: now)
        #expect(pulse.check(at: now + .seconds(1000)) == .nothing)
    }

    @Test func pausesGrowAndSpread() {
        let delay = ReconnectDelay(first: .milliseconds(50), longest: .seconds(3))
        #expect(delay.pause(afterFailure: 1, random: 0) == .milliseconds(25))
        #expect(delay.pause(afterFailure: 1, random: 1) == .milliseconds(50))
        #expect(delay.pause(afterFailure: 3, random: 1) == .milliseconds(200))
        #expect(delay.pause(afterFailure: 500, random: 1) == .seconds(3))
    }

    private let a = AMQPBinding(exchange: "e", queue: "", routingKey: "a")
    private let b = AMQPBinding(exchange: "e", queue: "", routingKey: "b")

    @Test func bindingsAreRememberedUnlessRefused() {
        var ledger = BindingLedger<Int>()
        for (binding, waiter) in [(a, 1), (b, 2)] {
            ledger.want(binding)
            ledger.start(.init(binding: binding, waiter: waiter, deadline: now))
        }
        #expect(ledger.answered()?.waiter == 1)
        let refused = AMQPError.refused(code: 404, reason: "")
        #expect(ledger.answered(refused)?.waiter == 2)
        #expect(ledger.wanted == [a])
        #expect(ledger.answered() == nil)
    }

    @Test func restoringEndsWithTheLastAnswer() {
        var ledger = BindingLedger<Int>()
        ledger.want(a)
        ledger.want(b)
        ledger.want(a)
        #expect(ledger.restore(deadline: now) == [a, b])
        #expect(ledger.isRestoring)
        ledger.start(.init(binding: a, isUnbind: true, waiter: 3, deadline: now))
        // The first is refused: its channel is gone, and the rest is asked for again.
        #expect(ledger.answered(.refused(code: 404, reason: "")) == nil)
        #expect(ledger.unanswered.map(\.binding) == [b, a])
        #expect(ledger.unanswered.map(\.isUnbind) == [false, true])
        #expect(ledger.isRestoring)
        #expect(ledger.answered() == nil)
        #expect(!ledger.isRestoring)
        #expect(ledger.answered()?.waiter == 3)
        #expect(ledger.wanted == [b])
    }

    @Test func lateOnesAreToldAndStillAnsweredInOrder() {
        var ledger = BindingLedger<Int>()
        ledger.start(.init(binding: a, waiter: 1, deadline: now))
        ledger.start(.init(binding: b, waiter: 2, deadline: now + .seconds(1)))
        #expect(ledger.expire(at: now).map(\.waiter) == [1])
        #expect(ledger.answered() == nil)
        #expect(ledger.answered()?.waiter == 2)
    }
}

@Suite struct BrokerURLTests {
    @Test func partsAreDecoded() throws {
        let url = try BrokerURL("amqp://us%40er:p%2Fw@broker:5673/par%2Flor?x=y")
        #expect(url.user == "us@er")
        #expect(url.password == "p/w")
        #expect(url.hosts == [.init(name: "broker", port: 5673)])
        #expect(url.virtualHost == "par/lor")
        #expect(!url.usesTLS)
    }

    @Test func defaultsAreTheBrokers() throws {
        let url = try BrokerURL("amqps://rabbit")
        #expect((url.user, url.password, url.virtualHost) == ("guest", "guest", "/"))
        #expect(url.hosts == [.init(name: "rabbit", port: 5671)])
        #expect(try BrokerURL("amqp://rabbit/").virtualHost == "/")
    }

    @Test func severalHosts() throws {
        let url = try BrokerURL("amqp://u:p@a,b:2,[::1]:3/v")
        #expect(url.hosts == [.init(name: "a", port: 5672), .init(name: "b", port: 2), .init(name: "::1", port: 3)])
    }

    @Test(arguments: ["http://x", "amqp://", "amqp://u:secret@h:99999", "amqp://u:secret@h:x", "amqp://%zz@h"])
    func badOnesAreRefusedWithoutThePassword(_ url: String) {
        #expect { try BrokerURL(url) } throws: { error in
            guard case AMQPError.invalid(let reason) = error else { return false }
            return !reason.contains("secret")
        }
    }
}
