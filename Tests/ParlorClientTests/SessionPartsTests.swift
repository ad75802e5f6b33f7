import Testing

@testable import ParlorClient

@Suite struct TimelineCursorTests {
    @Test func `Entries are new once, and a hole is noticed without losing the place`() {
        var cursor = TimelineCursor(lastSeq: 4)
        #expect([5, 6, 5, 8, 7, 8].map { cursor.accept($0) } == [.new, .new, .duplicate, .gap, .new, .new])
        #expect(cursor.lastSeq == 8)
    }

    @Test func `A first join begins at the head, a resume goes on, a lost resume starts over`() {
        var cursor = TimelineCursor()
        cursor.joined(seq: 10, recovered: false)
        #expect(cursor.lastSeq == 10)
        cursor.joined(seq: 15, recovered: true)
        #expect(cursor.accept(11) == .new)
        cursor.joined(seq: 90, recovered: false)
        #expect(cursor.lastSeq == 90)
    }
}

@Suite struct ReconnectPolicyTests {
    @Test(arguments: [1000, 4001, 4005, 4007, 4009, 4010, 4099])
    func `What would be refused again is not tried again`(code: Int) {
        var policy = ReconnectPolicy()
        #expect(policy.ended(CloseCode(rawValue: code)) == .stop)
    }

    @Test(arguments: [4100, 4101, 4102, 4199, 1001, 1006, 1011])
    func `What may pass is tried later and later`(code: Int) {
        var policy = ReconnectPolicy()
        let decisions = (0..<8).map { _ in policy.ended(CloseCode(rawValue: code), random: 1) }
        let seconds = [0.25, 0.5, 1, 2, 4, 8, 10, 10]
        #expect(decisions == seconds.map { .retry(after: .seconds($0)) })
        policy.joined()
        #expect(policy.ended(nil, random: 0.5) == .retry(after: .milliseconds(125)))
    }

    @Test func `A drain reconnects at once, but not for ever`() {
        var policy = ReconnectPolicy()
        #expect(policy.ended(.draining, random: 1) == .retry(after: .zero))
        #expect(policy.ended(.draining, random: 1) == .retry(after: .milliseconds(500)))
        policy.joined()
        #expect(policy.ended(.resumeRequired, random: 1) == .retry(after: .zero))
    }
}

@Suite struct SessionStateTests {
    private let now = ContinuousClock.now
    private var state = SessionState(after: nil)

    private func frame(_ json: JSONValue) -> ParlorFrame { ParlorFrame(text: json.description) }

    private mutating func join(seq: Int = 3, recovered: Bool = false) -> [String] {
        tell(
            state.received(
                frame(["type": "joined", "seq": .integer(seq), "recovered": .bool(recovered), "self": ["userId": "me"]]
                ),
                now: now))
    }

    private func tell(_ effects: [SessionState.Effect]) -> [String] {
        effects.map { effect in
            switch effect {
            case .tell(.joined(_, let recovered)): "joined \(recovered)"
            case .tell(.entry(let frame)): "entry \(frame.entrySeq ?? 0)"
            case .tell(.frame(let frame)): frame.type
            case .tell(.away): "away"
            case .send(let frames): "send \(frames.compactMap { $0["clientMessageId"]?.string })"
            case .settle(let receipt): "settled \(receipt.clientMessageID) \(receipt.seq)"
            case .refuse(let id, _): "refused \(id)"
            case .reconnect: "reconnect"
            }
        }
    }

    private func message(_ id: String) -> JSONValue { ["type": "message", "clientMessageId": .string(id)] }

    @Test mutating func `What was written before the join is sent with it, in order`() {
        #expect(tell(state.submit("a", message("a"), now: now)) == [])
        #expect(tell(state.submit("b", message("b"), now: now)) == [])
        #expect(join() == ["joined true", #"send ["a", "b"]"#])
        #expect(tell(state.submit("c", message("c"), now: now)) == [#"send ["c"]"#])
    }

    @Test mutating func `What was not acknowledged is sent again after a reconnect, what was is not`() {
        _ = join()
        for id in ["a", "b"] { _ = state.submit(id, message(id), now: now) }
        let ack = frame(["type": "ack", "clientMessageId": "a", "messageId": "m", "seq": 4])
        #expect(tell(state.received(ack, now: now)) == ["ack", "settled a 4"])
        #expect(state.ended(nil, random: 1) == .retry(after: .milliseconds(250)))
        #expect(tell(state.tick(now: now + .seconds(60))) == [])
        #expect(join(recovered: true) == ["joined true", #"send ["b"]"#])
    }

    @Test mutating func `One's own entry stands in for a lost ack, and the ack that follows changes nothing`() {
        _ = join()
        _ = state.submit("a", message("a"), now: now)
        let entry = frame([
            "type": "message_created", "seq": 4, "userId": "me", "message": ["id": "m", "clientMessageId": "a"],
        ])
        #expect(tell(state.received(entry, now: now)) == ["entry 4", "settled a 4"])
        let ack = frame(["type": "ack", "clientMessageId": "a", "messageId": "m", "seq": 4])
        #expect(tell(state.received(ack, now: now)) == ["ack"])
    }

    @Test mutating func `Somebody else's message with the same id settles nothing`() {
        _ = join()
        _ = state.submit("a", message("a"), now: now)
        let entry = frame([
            "type": "message_created", "seq": 4, "userId": "other", "message": ["id": "m", "clientMessageId": "a"],
        ])
        #expect(tell(state.received(entry, now: now)) == ["entry 4"])
    }

    @Test mutating func `A hole asks for a resume and twins are dropped`() {
        _ = join(seq: 3)
        #expect(tell(state.received(frame(["type": "member_left", "seq": 5]), now: now)) == ["reconnect"])
        #expect(tell(state.received(frame(["type": "member_left", "seq": 3]), now: now)) == [])
        #expect(state.cursor.lastSeq == 3)
    }

    @Test mutating func `A refusal that may pass is tried when the server says, another one is final`() {
        _ = join()
        for id in ["a", "b"] { _ = state.submit(id, message(id), now: now) }
        let later = frame([
            "type": "error", "code": "rate_limited", "retryable": true, "retryAfterMs": 2000, "clientMessageId": "a",
        ])
        #expect(tell(state.received(later, now: now)) == ["error"])
        #expect(tell(state.tick(now: now + .seconds(1))) == [])
        #expect(tell(state.tick(now: now + .seconds(2))) == [#"send ["a"]"#])
        let never = frame(["type": "error", "code": "muted", "retryable": false, "clientMessageId": "b"])
        #expect(tell(state.received(never, now: now)) == ["error", "refused b"])
    }

    @Test mutating func `Who is told that the server drains leaves when asked to`() {
        _ = join()
        let draining = frame(["type": "draining", "reconnectAfterMs": 3000])
        #expect(tell(state.received(draining, now: now)) == ["draining"])
        #expect(tell(state.tick(now: now + .milliseconds(2999))) == [])
        #expect(tell(state.tick(now: now + .seconds(3))) == ["reconnect"])
        #expect(state.isLeaving)
        #expect(state.ended(.draining, random: 1) == .retry(after: .zero))
        #expect(!state.isLeaving)
    }

    @Test mutating func `A server that has gone silent is left after two missed pings`() {
        #expect(tell(state.tick(now: now, silence: .seconds(600))) == [], "nobody is in the room yet")
        let joined = frame([
            "type": "joined", "seq": 3, "recovered": false, "self": ["userId": "me"], "heartbeatMs": 2000,
        ])
        _ = state.received(joined, now: now)
        #expect(tell(state.tick(now: now, silence: .seconds(6))) == [])
        #expect(tell(state.tick(now: now, silence: .milliseconds(6001))) == ["reconnect"])
    }

    @Test mutating func `A message that nobody answers is sent again`() {
        _ = join()
        _ = state.submit("a", message("a"), now: now)
        #expect(tell(state.tick(now: now + .seconds(11))) == [])
        #expect(tell(state.tick(now: now + .seconds(12))) == [#"send ["a"]"#])
        state.giveUp("a")
        #expect(tell(state.tick(now: now + .seconds(60))) == [])
    }
}
