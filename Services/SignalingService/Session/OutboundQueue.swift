import DequeModule
import NIOCore

/// What waits for a client that reads slower than its room speaks. Pure accounting: the socket does the writing.
///
/// An idle queue costs two words. Frames go straight to the channel while it takes them; behind it they wait here,
/// where ephemeral ones can still be taken back.
struct OutboundQueue {
    /// Bytes that may wait for one client.
    static let limit = 1 << 20

    enum Verdict: Equatable { case write, wait, dropped, overflow }

    private var waiting = Deque<Frame>()
    private var waitingBytes = 0

    var isEmpty: Bool { waiting.isEmpty }

    /// Decides about a new frame.
    ///
    /// - Parameters:
    ///   - inChannel: bytes the channel has taken and not yet written.
    ///   - isWritable: whether the channel takes more.
    ///   - isReplay: part of a replay, which waits for its client and so is not counted.
    mutating func offer(_ frame: Frame, inChannel: () -> Int, isWritable: Bool, isReplay: Bool = false) -> Verdict {
        if isWritable, waiting.isEmpty { return .write }
        waiting.append(frame)
        waitingBytes += frame.bytes.readableBytes
        guard !isReplay, inChannel() + waitingBytes > Self.limit else { return .wait }
        dropEphemeral()
        guard inChannel() + waitingBytes <= Self.limit else { return .overflow }
        return frame.isEphemeral ? .dropped : .wait
    }

    /// The next frame for a channel that takes one.
    mutating func next() -> Frame? {
        guard let frame = waiting.popFirst() else { return nil }
        waitingBytes -= frame.bytes.readableBytes
        return frame
    }

    mutating func clear() {
        waiting = Deque()
        waitingBytes = 0
    }

    private mutating func dropEphemeral() {
        waiting.removeAll { $0.isEphemeral }
        waitingBytes = waiting.reduce(0) { $0 + $1.bytes.readableBytes }
    }
}
