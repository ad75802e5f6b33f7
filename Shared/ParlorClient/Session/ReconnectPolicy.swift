/// When to connect again after a socket ended, by the class of its close code.
public struct ReconnectPolicy: Sendable {
    public enum Decision: Sendable, Equatable {
        case stop
        case retry(after: Duration)
    }

    public var first: Duration = .milliseconds(250)
    public var limit: Duration = .seconds(10)
    private var failures = 0

    public init() {}

    /// The room let us in.
    public mutating func joined() { failures = 0 }

    /// - Parameters:
    ///   - code: nil where the connection broke without a close frame, or was never made.
    ///   - random: from 0.5 to 1, so that many clients do not come at the same moment.
    public mutating func ended(_ code: CloseCode?, random: Double = .random(in: 0.5...1)) -> Decision {
        switch code?.consequence ?? .backOff {
        case .stop: return .stop
        // At once, but once: a server that goes on saying so is to be given time.
        case .reconnectAtOnce where failures == 0:
            failures = 1
            return .retry(after: .zero)
        case .reconnectAtOnce, .backOff:
            let delay = min(limit, first * (1 << min(failures, 16)))
            failures += 1
            return .retry(after: delay * random)
        }
    }
}
