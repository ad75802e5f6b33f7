import Identifiers
import NIOCore

/// A socket as the rest of the service sees it: something to post frames to and to close, from any thread.
/// What one thread posts arrives in that order.
struct SocketRef: Sendable {
    let connectionId: ConnectionID
    let loop: any EventLoop
    let session: NIOLoopBound<SocketSession>

    func post(_ frame: Frame) {
        if loop.inEventLoop {
            session.value.post(frame)
        } else {
            loop.execute { session.value.post(frame) }
        }
    }

    func close(_ code: CloseCode) {
        if loop.inEventLoop {
            session.value.close(code)
        } else {
            loop.execute { session.value.close(code) }
        }
    }

    /// Runs on the socket's loop, after what was posted before.
    func perform(_ body: @escaping @Sendable (SocketSession) -> Void) {
        if loop.inEventLoop {
            body(session.value)
        } else {
            loop.execute { body(session.value) }
        }
    }

    /// Whether the client waits to be let in; false once the socket has ended.
    func isJoining() async -> Bool {
        await withCheckedContinuation { continuation in
            perform { continuation.resume(returning: $0.isJoining) }
        }
    }

    /// Posts frames that wait for their client, and returns when the client has taken all but what the channel itself
    /// holds; false where the socket ended before.
    func replay(_ frames: [Frame]) async -> Bool {
        await withCheckedContinuation { continuation in
            perform { $0.replay(frames) { continuation.resume(returning: $0) } }
        }
    }
}
