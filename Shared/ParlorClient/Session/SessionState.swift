/// What a session knows, and what follows from what happens to it. Touches no socket and no clock.
struct SessionState: Sendable {
    enum Effect: Sendable {
        case tell(ParlorSession.Event)
        case send([JSONValue])
        case settle(ParlorSession.Receipt)
        case refuse(clientMessageID: String, ParlorClientError)
        /// This socket is of no more use: it has a hole that only a resume fills, the server is silent or going.
        case reconnect
    }

    private(set) var cursor: TimelineCursor
    private(set) var isJoined = false
    var isStopping = false
    private var policy = ReconnectPolicy()
    private var unacked = UnackedMessages()
    private var userID: String?
    /// How often the server pings, as `joined` says.
    private var heartbeat: Duration = .seconds(25)
    /// When to be elsewhere, after `draining`.
    private var departure: ContinuousClock.Instant?

    /// The server has said that it goes.
    var isLeaving: Bool { departure != nil }

    init(after: Int?) {
        cursor = TimelineCursor(lastSeq: after)
    }

    mutating func received(_ frame: ParlorFrame, now: ContinuousClock.Instant) -> [Effect] {
        switch frame.type {
        case "joined": return joined(frame, now: now)
        case "ack": return [.tell(.frame(frame))] + acknowledged(frame)
        case "error": return [.tell(.frame(frame))] + refused(frame, now: now)
        case "draining":
            departure = now + .milliseconds(frame["reconnectAfterMs"]?.int ?? 0)
            return [.tell(.frame(frame))]
        default:
            guard let seq = frame.entrySeq else { return [.tell(.frame(frame))] }
            switch cursor.accept(seq) {
            case .duplicate: return []
            case .gap: return [.reconnect]
            case .new: return [.tell(.entry(frame))] + stored(frame, seq: seq)
            }
        }
    }

    /// A message to be sent, now if there is a room to send it to.
    mutating func submit(_ clientMessageID: String, _ frame: JSONValue, now: ContinuousClock.Instant) -> [Effect] {
        unacked.add(clientMessageID, frame)
        guard isJoined else { return [] }
        unacked.postpone(clientMessageID, until: now)
        return [.send(unacked.takeDue(now: now))]
    }

    mutating func giveUp(_ clientMessageID: String) {
        unacked.settle(clientMessageID)
    }

    /// - Parameter silence: how long nothing has come; after two missed pings nobody is there, whatever the network says.
    mutating func tick(now: ContinuousClock.Instant, silence: Duration = .zero) -> [Effect] {
        guard isJoined else { return [] }
        if silence > heartbeat * 3 { return [.reconnect] }
        if let departure, departure <= now { return [.reconnect] }
        let due = unacked.takeDue(now: now)
        return due.isEmpty ? [] : [.send(due)]
    }

    mutating func ended(_ code: CloseCode?, random: Double = .random(in: 0.5...1)) -> ReconnectPolicy.Decision {
        isJoined = false
        unacked.disconnected()
        departure = nil
        return policy.ended(code, random: random)
    }

    private mutating func joined(_ frame: ParlorFrame, now: ContinuousClock.Instant) -> [Effect] {
        let isRecovered = frame["recovered"]?.bool ?? false
        let isFirst = cursor.lastSeq == nil
        userID = frame["self"]?["userId"]?.string
        if let milliseconds = frame["heartbeatMs"]?.int { heartbeat = .milliseconds(milliseconds) }
        cursor.joined(seq: frame["seq"]?.int ?? 0, recovered: isRecovered)
        policy.joined()
        isJoined = true
        let pending = unacked.connected(now: now)
        return [.tell(.joined(frame, recovered: isRecovered || isFirst))] + (pending.isEmpty ? [] : [.send(pending)])
    }

    private mutating func acknowledged(_ frame: ParlorFrame) -> [Effect] {
        guard let id = frame["clientMessageId"]?.string, let seq = frame["seq"]?.int else { return [] }
        return settle(id, messageID: frame["messageId"]?.string, seq: seq)
    }

    /// One's own message in the timeline says what its ack would, should that be lost.
    private mutating func stored(_ frame: ParlorFrame, seq: Int) -> [Effect] {
        guard frame.type == "message_created", let message = frame["message"], let userID,
            frame["userId"]?.string == userID, let id = message["clientMessageId"]?.string
        else { return [] }
        return settle(id, messageID: message["id"]?.string, seq: seq)
    }

    private mutating func settle(_ id: String, messageID: String?, seq: Int) -> [Effect] {
        guard unacked.settle(id) else { return [] }
        return [.settle(ParlorSession.Receipt(clientMessageID: id, messageID: messageID, seq: seq))]
    }

    private mutating func refused(_ frame: ParlorFrame, now: ContinuousClock.Instant) -> [Effect] {
        guard let id = frame["clientMessageId"]?.string ?? frame["id"]?.string else { return [] }
        if frame["retryable"]?.bool == true {
            unacked.postpone(id, until: now + .milliseconds(frame["retryAfterMs"]?.int ?? 500))
            return []
        }
        guard unacked.settle(id) else { return [] }
        let error = ParlorClientError.refused(
            code: frame["code"]?.string ?? "", message: frame["message"]?.string ?? "")
        return [.refuse(clientMessageID: id, error)]
    }
}
