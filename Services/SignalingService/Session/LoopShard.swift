import Identifiers
import NIOCore

/// What the sockets of one event loop share: one clock tick a second for all of them instead of a timer each, and one
/// flush for everything written in a turn of the loop. Used on that loop only.
final class LoopShard {
    let loop: any EventLoop
    private(set) var sessions: [SocketSession] = []
    /// Seconds since the shard began: what sessions count their deadlines in.
    private(set) var tick: UInt32 = 0
    /// Of the current tick, so that a thousand checks read the clock once.
    private(set) var now = Timestamp.now()
    /// Everybody is being told to go elsewhere.
    var isDraining = false
    /// In ms; for what is counted finer than ticks.
    var preciseNow: Int64 { Timestamp.now().millisecondsSinceEpoch }
    private var unflushed: [SocketSession] = []
    private var ticker: RepeatedTask?

    init(loop: any EventLoop) { self.loop = loop }

    func start() {
        loop.preconditionInEventLoop()
        let shard = NIOLoopBound(self, eventLoop: loop)
        ticker = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in shard.value.beat() }
    }

    func stop() { ticker?.cancel() }

    func add(_ session: SocketSession) {
        session.index = sessions.count
        sessions.append(session)
    }

    func remove(_ session: SocketSession) {
        guard session.index < sessions.count, sessions[session.index] === session else { return }
        let last = sessions.removeLast()
        guard last !== session else { return }
        sessions[session.index] = last
        last.index = session.index
    }

    /// Flushes the session once this turn of the loop is done.
    func flushLater(_ session: SocketSession) {
        unflushed.append(session)
        guard unflushed.count == 1 else { return }
        let shard = NIOLoopBound(self, eventLoop: loop)
        loop.execute { shard.value.flush() }
    }

    private func flush() {
        let sessions = unflushed
        unflushed.removeAll(keepingCapacity: sessions.count < 1024)
        for session in sessions { session.flush() }
    }

    private func beat() {
        tick &+= 1
        now = .now()
        // A session may end in its own check, which moves the last one into its place.
        var index = sessions.count - 1
        while index >= 0 {
            if index < sessions.count { sessions[index].check(tick: tick, now: now) }
            index -= 1
        }
    }
}
