import Identifiers
import NIOCore
import NIOWebSocket

/// One client's socket, from the end of the upgrade. Lives on its channel's event loop and owns no task and no timer.
final class SocketSession: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    enum Phase {
        /// For a token in a `hello` frame.
        case awaitingToken(SocketRequest)
        /// Being let in; what the client says meanwhile waits.
        case joining
        case inRoom(LiveRoom, UserID)
        case onStatus(UserID)
        /// Said goodbye, or was closed: nothing is heard any more.
        case ended
    }

    let connectionId = ConnectionID.new()
    let reception: any Reception
    let shard: LoopShard
    /// Place in the shard's list.
    var index = Int.max
    var phase: Phase
    var context: ChannelHandlerContext?
    var expiresAt: Timestamp?
    /// Called once, when a status stream's socket is gone.
    var onEnd: (@Sendable () -> Void)?

    var assembler = MessageAssembler()
    var frames: RateBucket
    var patience: RateBucket
    var early: [Incoming] = []
    var unknownTypes = 0

    private var outbound = OutboundQueue()
    private var isFlushScheduled = false
    private var onDrained: ((Bool) -> Void)?
    /// Ticks of the shard's clock.
    private var nextPing: UInt32 = 0
    private var deadline: UInt32?
    private var missedPings: UInt8 = 0
    private var closeCode: CloseCode?

    init(_ request: SocketRequest, reception: any Reception, shard: LoopShard) {
        self.reception = reception
        self.shard = shard
        phase = .awaitingToken(request)
        frames = RateBucket(reception.limits.frames, now: shard.now.millisecondsSinceEpoch)
        patience = RateBucket(reception.limits.patience, now: shard.now.millisecondsSinceEpoch)
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        shard.add(self)
        reception.opened()
        nextPing = shard.tick &+ reception.limits.pingSeconds
        guard case .awaitingToken(let request) = phase else { return }
        if request.token != nil || request.gateway["X-Gateway-Secret"] != nil {
            begin(request, token: request.token)
        } else {
            deadline = shard.tick &+ reception.limits.helloSeconds &+ 1
        }
    }

    func begin(_ request: SocketRequest, token: String?) {
        phase = .joining
        deadline = nil
        reception.welcome(reference, request, token: token)
    }

    var isJoining: Bool { if case .joining = phase { true } else { false } }

    var reference: SocketRef {
        SocketRef(connectionId: connectionId, loop: shard.loop, session: NIOLoopBound(self, eventLoop: shard.loop))
    }

    // MARK: - What comes in

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        missedPings = 0
        let outcome = assembler.receive(unwrapInboundIn(data))
        if case .ended = phase {
            if outcome == .close { context.close(promise: nil) }
            return
        }
        switch outcome {
        case .nothing, .pong: break
        case .text(let bytes): take(bytes)
        case .ping(let payload): answerPing(payload)
        case .close:
            write(ControlFrame.close(.normal))
            end(parting, code: .normal)
            flush()
            context.close(promise: nil)
        case .violation(let code): close(code)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(parting, code: nil)
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        end(parting, code: nil)
        shard.remove(self)
        reception.closed(closeCode)
        drained(false)
        self.context = nil
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as NIOWebSocketError:
            close(error == .invalidFrameLength ? .badFrame : .protocolError)
            // The decoder hears nothing after a fault, not even the client's own close.
            deadline = shard.tick &+ min(2, reception.limits.closingSeconds)
        default:
            // The decoder complains about every byte that follows a fault; the first was answered with a close.
            guard closeCode == nil else { return }
            context.close(promise: nil)
        }
    }

    // MARK: - What goes out

    /// Posts a frame, or drops it where it may be, or closes a client that does not keep up.
    func post(_ frame: Frame) { post(frame, isReplay: false) }

    private func post(_ frame: Frame, isReplay: Bool) {
        guard let context, closeCode == nil else { return }
        let channel = context.channel
        let verdict = outbound.offer(
            frame, inChannel: { Self.buffered(channel) }, isWritable: channel.isWritable, isReplay: isReplay)
        switch verdict {
        case .write: write(frame.bytes)
        case .wait, .dropped: break
        case .overflow: close(.slowConsumer)
        }
    }

    func replay(_ frames: [Frame], then done: @escaping (Bool) -> Void) {
        guard context != nil, closeCode == nil else { return done(false) }
        for frame in frames { post(frame, isReplay: true) }
        if outbound.isEmpty { done(true) } else { onDrained = done }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        while context.channel.isWritable, let frame = outbound.next() { write(frame.bytes) }
        if outbound.isEmpty { drained(true) }
        context.fireChannelWritabilityChanged()
    }

    private func drained(_ isOpen: Bool) {
        let done = onDrained
        onDrained = nil
        done?(isOpen)
    }

    func write(_ bytes: ByteBuffer) {
        guard let context else { return }
        context.write(wrapOutboundOut(bytes), promise: nil)
        guard !isFlushScheduled else { return }
        isFlushScheduled = true
        shard.flushLater(self)
    }

    func flush() {
        isFlushScheduled = false
        context?.flush()
    }

    private static func buffered(_ channel: any Channel) -> Int {
        (try? channel.syncOptions?.getOption(ChannelOptions.bufferedWritableBytes)) ?? 0
    }

    // MARK: - The end

    /// Says why and closes; the room hears of it at once.
    func close(_ code: CloseCode) {
        guard closeCode == nil else { return }
        outbound.clear()
        closeCode = code
        write(ControlFrame.close(code))
        flush()
        deadline = shard.tick &+ reception.limits.closingSeconds
        end(Departure(code), code: code)
        drained(false)
        // What the client still sends is read and forgotten, so that the close is not lost to a reset.
        try? context?.pipeline.syncOperations.addHandler(LateBytesHandler(), position: .first)
    }

    /// Of a client that goes without a word to the room. Who was told to go elsewhere finds the seat there.
    private var parting: Departure { shard.isDraining ? .drained : .closed }

    /// Leaves the room or stream, once.
    private func end(_ departure: Departure, code: CloseCode?) {
        let last = phase
        phase = .ended
        early = []
        if closeCode == nil { closeCode = code }
        let connectionId = connectionId
        if case .inRoom(let room, _) = last { room.perform { $0.detach(connectionId, departure) } }
        onEnd?()
        onEnd = nil
    }

    /// Stops listening, while the room frees the seat before it closes the socket.
    func stopListening() {
        phase = .ended
        deadline = shard.tick &+ reception.limits.closingSeconds
    }

    /// Called once a second.
    func check(tick: UInt32, now: Timestamp) {
        if let deadline, tick >= deadline {
            if case .awaitingToken = phase { return close(.unauthenticated) }
            context?.close(promise: nil)
            return
        }
        guard closeCode == nil else { return }
        if let expiresAt, expiresAt <= now { return close(.unauthenticated) }
        guard tick >= nextPing else { return }
        nextPing = tick &+ reception.limits.pingSeconds
        if missedPings >= reception.limits.missedPings {
            end(.timeout, code: nil)
            context?.close(promise: nil)
        } else {
            missedPings += 1
            write(ControlFrame.ping)
        }
    }
}
