import Identifiers
import NIOCore

extension SocketSession {
    /// Takes the text of one frame through limits and checks to who handles it.
    func take(_ bytes: [UInt8]) {
        if let wait = frames.take(reception.limits.frames, now: shard.preciseNow) {
            return refuse(rateLimited: wait) { Incoming(bytes).names }
        }
        let incoming = Incoming(bytes)
        switch (phase, incoming) {
        case (_, .malformed): close(.badFrame)
        case (.awaitingToken(let request), .frame(.hello(let token, let after), _)):
            var request = request
            if let after { request.resume = .after(after) }
            begin(request, token: token)
        case (.awaitingToken, .frame(.ping, let id)), (.joining, .frame(.ping, let id)): pong(id)
        case (.awaitingToken, .invalid(let fault, _)) where fault.field != "token": handle(incoming)
        case (.awaitingToken, _): close(.unauthenticated)
        case (.joining, .frame(.bye, _)): close(.normal)
        case (.joining, _):
            guard early.count < reception.limits.early else { return close(.rateLimited) }
            early.append(incoming)
        case (.inRoom, _), (.onStatus, _): handle(incoming)
        case (.ended, _): break
        }
    }

    /// Answers a frame over a limit, or closes who has gone on long enough.
    /// - Parameter names: what the answer repeats; asked for only where there is one.
    func refuse(
        rateLimited wait: Int, _ message: String = "Too many frames; slow down.", _ names: () -> Incoming.Names
    ) {
        if let userId { reception.limited(userId) }
        guard patience.take(reception.limits.patience, now: shard.preciseNow) == nil else { return close(.rateLimited) }
        let names = names()
        post(
            ServerFrame.error(
                id: names.id, code: "rate_limited", message: message, retryable: true,
                retryAfterMs: wait, clientMessageId: names.clientMessageId))
    }

    /// Answers a ping of the protocol's own, within the same limit.
    func answerPing(_ payload: ByteBuffer) {
        if let wait = frames.take(reception.limits.frames, now: shard.preciseNow) {
            refuse(rateLimited: wait) { .init() }
        } else {
            write(ControlFrame.pong(payload))
        }
    }

    private func handle(_ incoming: Incoming) {
        switch incoming {
        case .malformed: close(.badFrame)
        case .unknownType(let id):
            unknownTypes += 1
            guard unknownTypes < reception.limits.unknownTypes else { return close(.badFrame) }
            post(
                ServerFrame.error(id: id, code: "bad_frame", message: "The frame's type is unknown.", retryable: false))
        case .invalid(let fault, let id):
            post(
                ServerFrame.error(
                    id: id, code: "invalid_input", message: "\(fault.field) \(fault.message)", retryable: false,
                    clientMessageId: fault.clientMessageId))
        case .frame(.ping, let id): pong(id)
        case .frame(.hello, let id): refuse(id, "hello comes first, and once.")
        case .frame(.refresh(let token), let id):
            guard let userId else { return }
            reception.refresh(reference, token: token, of: userId, id: id)
        case .frame(let frame, let id):
            let connectionId = connectionId
            switch phase {
            case .inRoom(let room, _):
                if frame == .bye { stopListening() }
                room.perform { $0.receive(frame, id: id, from: connectionId) }
            case .onStatus where frame == .bye:
                if let id { post(ServerFrame.ack(id: id)) }
                close(.normal)
            default: refuse(id, "This stream takes ping, refresh and bye.")
            }
        }
    }

    var userId: UserID? {
        switch phase {
        case .inRoom(_, let userId), .onStatus(let userId): userId
        default: nil
        }
    }

    private func refuse(_ id: FrameID?, _ message: String) {
        post(ServerFrame.error(id: id, code: "bad_frame", message: message, retryable: false))
    }

    private func pong(_ id: FrameID?) { post(ServerFrame.pong(id: id, serverTime: .now())) }

    // MARK: - Being let in

    /// The socket is part of a room; false where it ended meanwhile.
    func enter(_ room: LiveRoom, as userId: UserID, until expiresAt: Timestamp?) -> Bool {
        guard isJoining else { return false }
        phase = .inRoom(room, userId)
        admitted(until: expiresAt)
        return true
    }

    /// The socket carries its user's own stream; false where it ended meanwhile.
    func enterStatus(as userId: UserID, until expiresAt: Timestamp?, onEnd: @escaping @Sendable () -> Void) -> Bool {
        guard isJoining else { return false }
        phase = .onStatus(userId)
        self.onEnd = onEnd
        admitted(until: expiresAt)
        return true
    }

    /// Handles what came while the socket was being let in. To be called after the first frame was posted.
    func catchUp() {
        let waiting = early
        early = []
        for incoming in waiting {
            if case .ended = phase { return }
            handle(incoming)
        }
    }

    /// A token within its leeway ends with the leeway; any other at its own time.
    private func admitted(until expiresAt: Timestamp?) {
        guard let expiresAt else { return }
        self.expiresAt = max(expiresAt, min(.now() + .seconds(1), expiresAt + .seconds(30)))
    }
}
