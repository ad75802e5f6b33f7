internal import CLibPQ
internal import IOReactor
internal import Synchronization

/// The key with which any thread may ask the server to give up what a link is doing.
///
/// Unchecked: libpq promises that a cancel object is never changed, and it is freed after its last user.
final class PGCancelKey: @unchecked Sendable {
    private let raw: OpaquePointer

    init?(connection: OpaquePointer) {
        guard let raw = PQgetCancel(connection) else { return nil }
        self.raw = raw
    }

    deinit {
        PQfreeCancel(raw)
    }

    /// Blocks for as long as the server takes to accept another connection.
    fileprivate func send() {
        var message = [CChar](repeating: 0, count: 256)
        PQcancel(raw, &message, Int32(message.count))
    }
}

/// One request to cancel, under way on a thread of its own.
///
/// While it is under way it may hit whatever its link does, so nobody may use the link before `isOver`.
final class PGCancelRequest: Sendable {
    private struct State {
        var isOver = false
        var waiter: CheckedContinuation<Bool, Never>?
    }

    private let state = Mutex(State())

    init(_ key: PGCancelKey) {
        OwnThread.start("pg-cancel") { [self] in
            key.send()
            finish(true)
        }
    }

    /// The server has passed it on.
    var hasArrived: Bool { state.withLock { $0.isOver } }

    /// Waits until the request has reached the server; false when it has not by `deadline`. To be called once.
    func isOver(by deadline: MonotonicInstant, _ reactor: Reactor) async -> Bool {
        reactor.schedule(atMonotonic: deadline) { [self] in finish(false) }
        return await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if !state.isOver { state.waiter = continuation }
                return state.isOver
            }
            if isOver { continuation.resume(returning: true) }
        }
    }

    private func finish(_ arrived: Bool) {
        let waiter = state.withLock { state in
            if arrived { state.isOver = true }
            return state.waiter.take()
        }
        waiter?.resume(returning: arrived)
    }
}
