import FoundationEssentials
import Synchronization

/// A conversation in one room that outlives its sockets.
///
/// It remembers the last entry it saw, reconnects as close codes ask, resumes where it was, sends again what was not
/// acknowledged, and hands on every entry once and in order.
public final class ParlorSession: Sendable {
    public enum Event: Sendable {
        /// A socket is open and in the room; false where entries were missed for good and stand in the history only.
        case joined(ParlorFrame, recovered: Bool)
        /// An entry of the timeline: each once, in order.
        case entry(ParlorFrame)
        /// Anything else the server says, acks included.
        case frame(ParlorFrame)
        /// The socket ended; another try follows.
        case away(CloseCode?, retryIn: Duration)
    }

    public struct Receipt: Sendable, Equatable {
        public var clientMessageID: String
        public var messageID: String?
        public var seq: Int
    }

    typealias Sender = CheckedContinuation<Receipt, any Error>

    struct Shared {
        var state: SessionState
        var socket: ParlorSocket?
        var senders: [String: Sender] = [:]
    }

    /// For one reader; ends with `run()`.
    public let events: AsyncStream<Event>
    /// The room's code.
    public let room: String
    let baseURL: String
    let token: @Sendable () async throws -> String
    let output: AsyncStream<Event>.Continuation
    let shared: Mutex<Shared>

    /// - Parameters:
    ///   - after: the last entry seen earlier; nil begins with the newest.
    ///   - token: asked before every connect, so that it may be a fresh one.
    public init(
        _ baseURL: String, room: String, after: Int? = nil, token: @escaping @Sendable () async throws -> String
    ) {
        self.baseURL = baseURL
        self.room = room
        self.token = token
        (events, output) = AsyncStream.makeStream()
        shared = Mutex(Shared(state: SessionState(after: after)))
    }

    /// The last entry handed on.
    public var lastSeq: Int? { shared.withLock { $0.state.cursor.lastSeq } }

    /// Sends a message and returns once it is durable, however many connections that takes.
    ///
    /// - Parameters:
    ///   - clientMessageID: made when nil.
    ///   - fields: further fields of the frame, e.g. `parentId`.
    /// - Throws: `ParlorClientError.refused` where the server refuses it for good; `closed` when the session ends
    ///   first; `CancellationError`. Only after `refused` is it sure that the message is not stored.
    public func send(
        _ content: String, clientMessageID: String? = nil, fields: [String: JSONValue] = [:]
    ) async throws -> Receipt {
        let clientMessageID = clientMessageID ?? UUID().uuidString.lowercased()
        let required: [String: JSONValue] = [
            "type": "message", "content": .string(content), "clientMessageId": .string(clientMessageID),
            "id": .string(clientMessageID),
        ]
        let message = JSONValue.object(fields.merging(required) { $1 })
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                submit(clientMessageID, message, continuation)
            }
        } onCancel: {
            let sender = shared.withLock { shared in
                shared.state.giveUp(clientMessageID)
                return shared.senders.removeValue(forKey: clientMessageID)
            }
            sender?.resume(throwing: CancellationError())
        }
    }

    /// Sends a frame that needs no memory (`typing`, `read`, `signal` …); dropped while there is no connection.
    public func say(_ frame: JSONValue) {
        let socket = shared.withLock { $0.state.isJoined ? $0.socket : nil }
        socket?.post(frame)
    }

    /// Gives up the seat and ends the session.
    public func bye() {
        let socket = shared.withLock { shared in
            shared.state.isStopping = true
            return shared.socket
        }
        socket?.post(["type": "bye"])
        socket?.closeSoon()
    }

    private func submit(_ id: String, _ message: JSONValue, _ sender: Sender) {
        let (refusal, effects, socket) = shared.withLock {
            shared -> ((any Error)?, [SessionState.Effect], ParlorSocket?) in
            if Task.isCancelled { return (CancellationError(), [], nil) }
            if shared.state.isStopping { return (ParlorClientError.closed(nil), [], nil) }
            shared.senders[id] = sender
            return (nil, shared.state.submit(id, message, now: .now), shared.socket)
        }
        if let refusal { sender.resume(throwing: refusal) }
        for case .send(let frames) in effects { for frame in frames { socket?.post(frame) } }
    }
}
