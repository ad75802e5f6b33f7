/// Why the broker, or the way to it, did not do what was asked.
public enum AMQPError: Error, Sendable, Equatable {
    /// No connection right now, and why. Thrown at once; nothing was sent.
    case unavailable(String)
    /// The broker is short of memory or disk and takes no messages until it recovers, with its reason. New messages
    /// were not sent; those under way when the notice came may still arrive.
    case blocked(String)
    /// A mandatory message reached no queue, so the broker gave it back.
    case returned(code: Int, reason: String)
    /// The broker could not take responsibility: a full queue that rejects, or an internal fault of a queue.
    case nacked
    /// No answer before the deadline. The broker may or may not have done it.
    case timeout
    /// The connection or channel ended before the answer came. The broker may or may not have done it.
    case interrupted(String)
    /// The broker refused the operation: a missing exchange, unequal arguments, no permission.
    case refused(code: Int, reason: String)
    /// More is under way than `AMQPConfiguration.maxInFlight` allows; nothing was sent.
    case overloaded
    /// The client was shut down.
    case closed
    /// The message or the configuration cannot be expressed in AMQP 0-9-1.
    case invalid(String)

    /// True where the same call may well succeed later. It may then have been done twice, if the outcome was unknown.
    public var isRetriable: Bool {
        switch self {
        case .unavailable, .blocked, .nacked, .timeout, .interrupted, .overloaded: true
        case .returned, .refused, .closed, .invalid: false
        }
    }

    /// True where the broker itself is away or takes nothing, whatever the message.
    public var isUnavailable: Bool {
        switch self {
        case .unavailable, .blocked, .timeout, .interrupted, .closed: true
        default: false
        }
    }
}

extension AMQPError: CustomStringConvertible {
    public var description: String {
        switch self {
        case .unavailable(let reason): "broker unavailable: \(reason)"
        case .blocked(let reason): "broker takes no messages: \(reason)"
        case .returned(let code, let reason): "message unroutable: \(code) \(reason)"
        case .nacked: "broker did not take the message"
        case .timeout: "no answer from the broker in time"
        case .interrupted(let reason): "interrupted: \(reason)"
        case .refused(let code, let reason): "broker refused: \(code) \(reason)"
        case .overloaded: "too many messages under way"
        case .closed: "client is shut down"
        case .invalid(let reason): "invalid: \(reason)"
        }
    }
}
