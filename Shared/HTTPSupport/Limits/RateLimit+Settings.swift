public import Identifiers
public import ServiceSupport

/// The limits that more than one service counts, under the same names and settings everywhere (contract, section 12).
extension RateLimit {
    /// Every authenticated call of a user: `REST_RATE`, `REST_BURST`.
    public static func rest(_ settings: Settings) -> RateLimit {
        RateLimit(name: "rest", settings, "REST", perSecond: 50, burst: 200)
    }

    /// Messages of a user in a room, by REST and sockets together: `MESSAGE_RATE`, `MESSAGE_BURST`.
    public static func messages(_ settings: Settings) -> RateLimit {
        RateLimit(name: "message", settings, "MESSAGE", perSecond: 10, burst: 30)
    }

    /// Searches of a user, of messages and rooms together: `SEARCH_RATE`, `SEARCH_BURST`.
    public static func searches(_ settings: Settings) -> RateLimit {
        RateLimit(name: "search", settings, "SEARCH", perSecond: 1, burst: 5)
    }

    /// Reads `<prefix>_RATE` (a second) and `<prefix>_BURST`.
    public init(name: String, _ settings: Settings, _ prefix: String, perSecond: Double, burst: Int) {
        self.init(
            name: name,
            perSecond: settings.double("\(prefix)_RATE", default: perSecond, in: 0.001...1_000_000),
            burst: settings.int("\(prefix)_BURST", default: burst, in: 1...1_000_000))
    }

    /// Whom ``messages(_:)`` counts. By the room's internal id: in Redis no other key than the room's own has its code.
    public static func sender(_ user: UserID, in room: RoomID) -> String { "\(user):\(room)" }
}
