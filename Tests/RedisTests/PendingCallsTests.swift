import Testing

@testable import Redis

@Suite struct PendingCallsTests {
    private let start = ContinuousClock.now
    private var calls = PendingCalls<String>()

    private mutating func add(_ ticket: UInt64, _ waiter: String, commands: Int = 1, after: Duration = .seconds(1)) {
        calls.append(
            ticket: ticket, commands: commands, asPipeline: commands > 1, now: start, patience: after, waiter: waiter)
    }

    private func told(_ completions: [PendingCalls<String>.Completion]) -> [String] {
        completions.map { completion in
            switch completion.outcome {
            case .reply(let value): "\(completion.waiter)=\(value.int ?? -1)"
            case .replies(let values): "\(completion.waiter)=\(values.compactMap(\.int))"
            case .failed(let error): "\(completion.waiter):\(error.kind)"
            }
        }
    }

    @Test mutating func `Each reply goes to the oldest call`() throws {
        add(1, "a")
        add(2, "b", commands: 2)
        add(3, "c")
        #expect(told(try calls.deliver([.integer(1), .integer(2)])) == ["a=1"])
        #expect(told(try calls.deliver([.integer(3), .integer(4)])) == ["b=[2, 3]", "c=4"])
        #expect(calls.isEmpty)
        #expect(calls.commandCount == 0)
        #expect(calls.waiterCount == 0)
    }

    @Test mutating func `A late reply is dropped and the next one still finds its caller`() throws {
        add(1, "a", after: .seconds(1))
        add(2, "b", commands: 2, after: .seconds(1))
        add(3, "c", after: .seconds(9))
        #expect(told(calls.expire(now: start + .seconds(2))) == ["a:timeout", "b:timeout"])
        #expect(calls.expire(now: start + .seconds(2)).isEmpty)
        #expect(calls.waiterCount == 1)
        #expect(told(try calls.deliver((1...4).map { .integer($0) })) == ["c=4"])
    }

    @Test mutating func `The impatient leave before those who asked earlier`() throws {
        add(1, "a", after: .seconds(9))
        add(2, "b", after: .seconds(1))
        #expect(told(calls.expire(now: start + .seconds(2))) == ["b:timeout"])
        #expect(calls.oldest == start)
        #expect(told(try calls.deliver([.integer(1), .integer(2)])) == ["a=1"])
        #expect(calls.oldest == nil)
    }

    @Test mutating func `A cancelled caller leaves once`() throws {
        add(1, "a")
        add(2, "b")
        #expect(calls.cancel(1) == "a")
        #expect(calls.cancel(1) == nil)
        #expect(calls.cancel(7) == nil)
        #expect(told(try calls.deliver([.integer(1), .integer(2)])) == ["b=2"])
    }

    @Test mutating func `The end tells those who are late and those who are not`() {
        add(1, "a", after: .seconds(1))
        add(2, "b", after: .seconds(3))
        let error = RedisError(.unavailable, "gone")
        #expect(told(calls.fail(error, now: start + .seconds(2))) == ["a:timeout", "b:unavailable"])
        #expect(calls.isEmpty)
    }

    @Test mutating func `A reply that nobody asked for is an error`() {
        #expect(throws: PendingCalls<String>.UnexpectedReply.self) { try calls.deliver([.null]) }
    }
}
