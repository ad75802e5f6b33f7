internal import IOReactor
internal import Logging

/// What a link is kept up for. Called on the link's thread only, but `prepare`, and `closed`, which comes once more at
/// the end.
protocol LinkRole: Sendable {
    /// After connecting and declaring, on the thread that did so, before anything flows; may block within the operation
    /// deadline.
    func prepare(_ session: Session, queue: String?) throws(AMQPError)
    /// The connection is in use from now on.
    func opened(_ wire: Wire, frameMax: Int)
    func received(_ incoming: Incoming) throws(AMQPError)
    /// Called after everything that arrived together was received, and at least twice a second.
    func settle(at now: ContinuousClock.Instant)
    /// The connection is lost, or an attempt failed; nothing more comes through the wire given last.
    func closed(_ error: AMQPError)
}

/// Keeps one connection up, on one thread: connects, declares, reads, sends heartbeats, and connects again.
actor Link {
    private let reactor: Reactor
    /// For what should run on the link's own thread.
    nonisolated let tasks: ReactorTasks
    private let configuration: AMQPConfiguration
    private let topology: AMQPTopology
    private let logger: Logger
    private let role: any LinkRole
    /// The connection in use.
    private var current: Session?

    nonisolated var unownedExecutor: UnownedSerialExecutor { reactor.asUnownedSerialExecutor() }

    /// - Parameter shared: whose thread to use. Over TLS the library may block it, so the link has its own then.
    init(
        _ configuration: AMQPConfiguration, topology: AMQPTopology, on shared: ReactorTasks?, logger: Logger,
        role: any LinkRole
    ) {
        tasks = (configuration.usesTLS ? nil : shared) ?? ReactorTasks(Reactor(name: "amqp"))
        reactor = tasks.reactor
        self.configuration = configuration
        self.topology = topology
        self.logger = logger
        self.role = role
    }

    /// How often deadlines are looked at when nothing happens.
    private static let tick = Duration.milliseconds(250)

    /// Until cancelled; then closes the connection properly.
    ///
    /// The executor alone would not do: what waits for a descriptor is woken on the task's executor first, and only then
    /// goes to the actor's.
    nonisolated func run() async {
        await withTaskExecutorPreference(tasks) { await stayConnected() }
    }

    private func stayConnected() async {
        var failures = 0
        while !Task.isCancelled {
            let host = configuration.hosts[failures % configuration.hosts.count]
            let started = ContinuousClock.now
            var wasUp = false
            do throws(AMQPError) {
                let session = try await open(to: host)
                wasUp = true
                logger.info("broker connected", metadata: ["host": "\(host.name)", "port": "\(host.port)"])
                try await serve(session)
            } catch {
                role.closed(error)
                guard !Task.isCancelled else { break }
                logger.log(
                    level: wasUp || failures % 20 == 0 ? .warning : .debug,
                    wasUp ? "broker connection lost" : "broker connect failed",
                    metadata: ["error": "\(error)", "host": "\(host.name)", "port": "\(host.port)"])
            }
            // A broker that accepts and drops us at once is no reason to hammer it.
            failures = wasUp && started.duration(to: .now) > configuration.reconnect.longest ? 1 : failures + 1
            try? await Task.sleep(
                for: configuration.reconnect.pause(afterFailure: failures, random: .random(in: 0...1)))
        }
        role.closed(.closed)
    }

    /// On another thread, for it blocks: handlers that still work on what the last connection brought run on this one.
    private func open(to host: AMQPConfiguration.Host) async throws(AMQPError) -> Session {
        let opened = await withCheckedContinuation { continuation in
            OwnThread.start("amqp-connect") { [configuration, topology, role] in
                let result = Result { () throws(AMQPError) in
                    let session = try Session.connect(configuration, to: host)
                    try role.prepare(session, queue: try session.declare(topology))
                    return session
                }
                continuation.resume(returning: Opened(result: result))
            }
        }
        return try opened.result.get()
    }

    /// Unchecked: the thread that connected keeps nothing of the session.
    private struct Opened: @unchecked Sendable {
        let result: Result<Session, AMQPError>
    }

    /// Reads until the connection ends, and throws why; `.closed` when cancelled.
    private func serve(_ session: Session) async throws(AMQPError) {
        let isPlain = !configuration.usesTLS
        let wire = Wire(duplicating: session.descriptor, isPlain: isPlain)
        current = session
        defer { current = nil }
        role.opened(wire, frameMax: session.frameMax)
        let end = await withTaskGroup(of: Void.self) { group in
            group.addTask { [self, reactor] in
                if isPlain { await wire.flush(on: reactor) } else { await flushThroughLibrary(wire) }
            }
            let end = await read(session, wire)
            wire.close()
            group.cancelAll()
            return end
        }
        if end == .closed { session.close() }
        throw end
    }

    /// TLS hides the socket's bytes from us, so frames are handed to the library, which may block on a full socket: this
    /// link's thread alone.
    private func flushThroughLibrary(_ wire: Wire) async {
        for await _ in wire.stalled {
            while let chunk = wire.nextChunk() {
                guard current?.send(frames: chunk) == true else { return }
            }
        }
    }

    private func read(_ session: Session, _ wire: Wire) async -> AMQPError {
        var pulse = Pulse(session.heartbeat, now: .now)
        while true {
            do throws(AMQPError) {
                while let incoming = try session.next() { try receive(incoming, wire) }
            } catch {
                // What came before the end counts: confirms above all.
                role.settle(at: .now)
                return error
            }
            let now = ContinuousClock.now
            role.settle(at: now)
            switch pulse.check(at: now) {
            case .beat:
                var writer = FrameWriter()
                writer.heartbeat()
                wire.send { $0 += writer.bytes }
            case .dead: return .interrupted("no heartbeat from the broker")
            case .nothing: break
            }
            do {
                _ = try await reactor.ready(session.descriptor, .read, deadline: now + Self.tick)
                pulse.heard(at: .now)
            } catch is DeadlineExceeded {
                continue
            } catch {
                return .closed
            }
        }
    }

    private func receive(_ incoming: Incoming, _ wire: Wire) throws(AMQPError) {
        if case .connectionClosed(let error) = incoming {
            var writer = FrameWriter()
            writer.connectionCloseOK()
            wire.send { $0 += writer.bytes }
            throw error
        }
        try role.received(incoming)
    }
}

/// When to send a heartbeat and when to give the broker up. Pure.
struct Pulse {
    enum Verdict: Equatable { case nothing, beat, dead }

    private let interval: Duration
    private var lastHeard: ContinuousClock.Instant
    private var nextBeat: ContinuousClock.Instant

    /// - Parameter interval: as agreed with the broker; zero for none.
    init(_ interval: Duration, now: ContinuousClock.Instant) {
        self.interval = interval
        lastHeard = now
        nextBeat = now + interval / 2
    }

    mutating func heard(at now: ContinuousClock.Instant) {
        lastHeard = now
    }

    /// Both sides send every half interval, so two whole intervals of silence are four missed beats.
    mutating func check(at now: ContinuousClock.Instant) -> Verdict {
        guard interval > .zero else { return .nothing }
        if now - lastHeard > interval * 2 { return .dead }
        guard now >= nextBeat else { return .nothing }
        nextBeat = now + interval / 2
        return .beat
    }
}
