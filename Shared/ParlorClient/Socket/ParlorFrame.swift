/// One JSON object that came over a socket.
public struct ParlorFrame: Sendable {
    /// Empty where the frame has none.
    public var type: String
    public var json: JSONValue
    /// As it came.
    public var text: String
    public var receivedAt: ContinuousClock.Instant

    public init(text: String, receivedAt: ContinuousClock.Instant = .now) {
        json = (try? JSONValue(parsing: text)) ?? .null
        type = json["type"]?.string ?? ""
        self.text = text
        self.receivedAt = receivedAt
    }

    public subscript(field: String) -> JSONValue? { json[field] }

    /// The place in the timeline, of entries only (`joined` has a `seq` too, but is none).
    public var entrySeq: Int? {
        switch type {
        case "joined", "ack", "read": nil
        default: json["seq"]?.int
        }
    }
}
