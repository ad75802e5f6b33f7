/// Why a socket was closed, and so what to do next.
public struct CloseCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    public let rawValue: Int

    public init(rawValue: Int) { self.rawValue = rawValue }

    public static let normal = CloseCode(rawValue: 1000)
    public static let unauthenticated = CloseCode(rawValue: 4001)
    public static let accountBanned = CloseCode(rawValue: 4002)
    public static let notAMember = CloseCode(rawValue: 4003)
    public static let roomNotFound = CloseCode(rawValue: 4004)
    public static let roomEnded = CloseCode(rawValue: 4005)
    public static let noLongerAuthorised = CloseCode(rawValue: 4006)
    public static let roomFull = CloseCode(rawValue: 4007)
    public static let replaced = CloseCode(rawValue: 4009)
    public static let badFrame = CloseCode(rawValue: 4010)
    public static let rateLimited = CloseCode(rawValue: 4100)
    public static let slowConsumer = CloseCode(rawValue: 4101)
    public static let unavailable = CloseCode(rawValue: 4102)
    public static let draining = CloseCode(rawValue: 4200)
    public static let resumeRequired = CloseCode(rawValue: 4201)

    /// What a client does after it.
    public enum Consequence: Sendable, Equatable {
        /// It would be refused again.
        case stop
        /// Try again, later each time.
        case backOff
        case reconnectAtOnce
    }

    /// By class, so that codes that are added later are understood too; whatever is no code of Parlor's is a fault of
    /// the network, or of a proxy, and passes.
    public var consequence: Consequence {
        switch rawValue {
        case 1000, 4000..<4100: .stop
        case 4200..<4300: .reconnectAtOnce
        default: .backOff
        }
    }

    public var description: String {
        Self.names[rawValue].map { "\(rawValue) \($0)" } ?? "\(rawValue)"
    }

    private static let names = [
        1000: "closed", 4001: "token missing, invalid or expired", 4002: "account banned", 4003: "not a member",
        4004: "room not found", 4005: "room has ended", 4006: "no longer authorised", 4007: "room full",
        4009: "replaced by a newer connection", 4010: "bad frame", 4100: "rate limited", 4101: "slow consumer",
        4102: "temporarily unavailable", 4200: "server draining", 4201: "resume required",
    ]
}
