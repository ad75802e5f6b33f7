import Events
import Identifiers

/// The room's listening session as this node was told of it, for who joins and for who sits here already. Pure.
///
/// What is told late changes nothing: the states of one session are counted, and the ids of sessions tell their order.
struct SessionStanding: Sendable {
    private var state: SessionState?
    /// The latest session that is known to be over, and so is every earlier one.
    private var over: String?

    /// A state of the session, as an event or the room service tells it.
    ///
    /// - Returns: whether it is news.
    mutating func hear(_ told: SessionState) -> Bool {
        guard let id = told.id else { return true }
        if let over, id <= over { return false }
        if let known = state?.id {
            guard id >= known else { return false }
            if id == known, let version = told.sessionVersion, let last = state?.sessionVersion, version <= last {
                return false
            }
        }
        state = told
        return true
    }

    mutating func hear(endOf id: String) {
        over = max(id, over ?? id)
        if let known = state?.id, known <= id { state = nil }
    }

    /// What the room service answered when it was asked.
    ///
    /// - Parameter isCurrent: whether nothing later was heard of the room meanwhile. None is live then where it says so.
    /// - Returns: whether that is news of a live session.
    mutating func read(_ answer: SessionState?, isCurrent: Bool) -> Bool {
        if let answer { return hear(answer) }
        if isCurrent, let id = state?.id { hear(endOf: id) }
        return false
    }

    /// As it is at a moment: the position goes on without anybody saying so.
    func session(at now: Timestamp) -> JSONValue? {
        guard case .object(var session) = state?.session, case .object(var playing) = session["nowPlaying"] else {
            return state?.session
        }
        guard case .string(let text) = playing["startedAt"], let startedAt = Timestamp(text),
            playing["pausedAt"] ?? .null == .null
        else { return state?.session }
        var position = max(.zero, now.since(startedAt)).wholeMilliseconds
        if case .object(let item) = playing["item"], case .object(let track) = item["trackRef"],
            case .integer(let length) = track["durationMs"]
        {
            position = min(position, length)
        }
        playing["positionMs"] = .integer(position)
        session["nowPlaying"] = .object(playing)
        return .object(session)
    }
}

extension SessionState {
    fileprivate var id: String? { session.sessionID }
}

extension JSONValue {
    /// Of Session JSON.
    var sessionID: String? {
        guard case .object(let fields) = self, case .string(let id) = fields["id"] else { return nil }
        return id
    }
}
