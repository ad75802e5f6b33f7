internal import CEpoll

/// What a caller waits for on a descriptor, and what it was told is possible now.
public struct Interest: OptionSet, Sendable, Hashable {
    public let rawValue: UInt8

    public init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Bytes to read, the peer's end of stream, or an error to be fetched by reading.
    public static let read = Interest(rawValue: 1)
    /// Room to write, or an error to be fetched by writing.
    public static let write = Interest(rawValue: 2)
    public static let readWrite: Interest = [.read, .write]
}

extension Interest {
    /// The bits epoll is armed with: one report, then silence until the next wait.
    var epollBits: UInt32 {
        var bits = EPOLLONESHOT.rawValue
        if contains(.read) { bits |= EPOLLIN.rawValue | EPOLLRDHUP.rawValue }
        if contains(.write) { bits |= EPOLLOUT.rawValue }
        return bits
    }

    /// An error or a hang-up counts as ready for everything: the next call on the descriptor will say what happened.
    init(epollBits bits: UInt32) {
        let broken = bits & (EPOLLERR.rawValue | EPOLLHUP.rawValue) != 0
        var interest: Interest = []
        if broken || bits & (EPOLLIN.rawValue | EPOLLRDHUP.rawValue) != 0 { interest.insert(.read) }
        if broken || bits & EPOLLOUT.rawValue != 0 { interest.insert(.write) }
        self = interest
    }
}
