/// Messages that are not acknowledged yet, in the order in which they were written.
///
/// Each is sent again, under the same `clientMessageId`, after every reconnect and whenever it is due.
public struct UnackedMessages: Sendable {
    public struct Draft: Sendable {
        public let clientMessageID: String
        public let frame: JSONValue
        /// When to send it (again); nil while it waits for a connection.
        var due: ContinuousClock.Instant?
    }

    private(set) var drafts: [Draft] = []
    /// A message is answered within 10 s; after this long without an answer it is sent again.
    private let patience: Duration

    public init(patience: Duration = .seconds(12)) {
        self.patience = patience
    }

    public var isEmpty: Bool { drafts.isEmpty }

    public mutating func add(_ clientMessageID: String, _ frame: JSONValue) {
        drafts.append(Draft(clientMessageID: clientMessageID, frame: frame))
    }

    /// It is stored, refused for good, or given up; false where it was settled before.
    @discardableResult
    public mutating func settle(_ clientMessageID: String) -> Bool {
        let count = drafts.count
        drafts.removeAll { $0.clientMessageID == clientMessageID }
        return drafts.count != count
    }

    /// The server asks for another try, later.
    public mutating func postpone(_ clientMessageID: String, until instant: ContinuousClock.Instant) {
        guard let index = drafts.firstIndex(where: { $0.clientMessageID == clientMessageID }) else { return }
        drafts[index].due = instant
    }

    /// All of them, to be sent on a new connection.
    public mutating func connected(now: ContinuousClock.Instant) -> [JSONValue] {
        for index in drafts.indices { drafts[index].due = now + patience }
        return drafts.map(\.frame)
    }

    public mutating func disconnected() {
        for index in drafts.indices { drafts[index].due = nil }
    }

    /// Those to be sent now.
    public mutating func takeDue(now: ContinuousClock.Instant) -> [JSONValue] {
        var frames: [JSONValue] = []
        for index in drafts.indices {
            guard let due = drafts[index].due, due <= now else { continue }
            drafts[index].due = now + patience
            frames.append(drafts[index].frame)
        }
        return frames
    }
}
