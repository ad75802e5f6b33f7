import Identifiers

/// What a socket may cost (contract, section 12), and its clock.
struct SocketLimits: Sendable {
    var frames = RateBucket.Limit(perSecond: 50, burst: 200)
    /// Frames over a limit that are answered before the socket is closed for going on.
    var patience = RateBucket.Limit(perSecond: 10, burst: 100)
    var messages = RateBucket.Limit(perSecond: 10, burst: 30)
    /// Frames of unknown type, the last of which closes.
    var unknownTypes = 10
    /// Frames that may wait while a socket is being let in.
    var early = 64
    /// Seconds between pings; as many unanswered as `missedPings` mean the client is gone.
    var pingSeconds: UInt32 = 25
    var missedPings: UInt8 = 2
    var helloSeconds: UInt32 = 5
    /// Seconds that a closing handshake may take.
    var closingSeconds: UInt32 = 10

    var heartbeatMs: Int64 { Int64(pingSeconds) * 1000 }
}

/// Why a socket is no longer part of its room; decides what becomes of its seat.
enum Departure: Sendable, Equatable {
    case bye, closed, timeout, removed
    /// Its place was given to a newer connection by the same script call.
    case replaced
    /// The node goes; the seat stays the user's for a lease.
    case drained

    init(_ code: CloseCode) {
        switch code {
        case .normal: self = .bye
        case .accountBanned, .notAMember, .roomEnded, .noLongerAuthorised: self = .removed
        case .replaced: self = .replaced
        case .draining: self = .drained
        default: self = .closed
        }
    }
}

/// What a socket needs of the service around it.
protocol Reception: AnyObject, Sendable {
    var limits: SocketLimits { get }
    /// Lets a socket in, or closes it with the reason.
    func welcome(_ socket: SocketRef, _ request: SocketRequest, token: String?)
    /// Judges a new token for an open socket of `userId`.
    func refresh(_ socket: SocketRef, token: String, of userId: UserID, id: FrameID?)
    /// A frame was over a limit.
    func limited(_ userId: UserID)
    func opened()
    func closed(_ code: CloseCode?)
}
