import Events
import Foundation
import HTTPSupport
import Identifiers
import NIOCore
import ServiceSupport

/// What clients say in a room.
extension LiveRoom {
    func receive(_ frame: ClientFrame, id: FrameID?, from connection: ConnectionID) {
        guard let sender = attached[connection] else { return }
        if frame == .bye { return bye(connection, id: id) }
        guard mayTalk else {
            pause()
            return sender.socket.post(
                ServerFrame.error(
                    id: id, code: "unavailable", message: "The seat is being confirmed.", retryable: true,
                    clientMessageId: frame.clientMessageId))
        }
        switch frame {
        case .message(let draft): send(draft, id: id, from: sender)
        case .typing(let isTyping):
            let frame = ServerFrame.typing(userId: sender.userId, isTyping: isTyping)
            send(frame, exceptUser: sender.userId)
            relay(frame, exceptConnection: nil, exceptUser: sender.userId)
            done(id, sender)
        case .signal(let target, let data): signal(to: target, data, id: id, from: sender)
        case .media(let audio, let video, let screen): media(audio, video, screen, id: id, from: sender)
        case .read(let seq): read(seq, id: id, from: sender)
        case .bye, .hello, .refresh, .ping: break
        }
    }

    private func done(_ id: FrameID?, _ sender: Attached) {
        if let id { sender.socket.post(ServerFrame.ack(id: id)) }
    }

    private func relay(_ frame: Frame, exceptConnection: ConnectionID?, exceptUser: UserID?) {
        guard roster.hasOthers(than: services.node) else { return }
        services.relay.send(
            .frame(frame, exceptConnection: exceptConnection, exceptUser: exceptUser), to: .room, of: code)
    }

    // MARK: - Messages

    private func send(_ draft: ClientFrame.Draft, id: FrameID?, from sender: Attached) {
        let key = draft.clientMessageId ?? UUID.v7().uuidString.lowercased()
        let now = Timestamp.now().millisecondsSinceEpoch
        if let wait = takeAllowance(of: sender.userId) {
            return sender.socket.perform {
                $0.refuse(rateLimited: wait) { .init(id: id, clientMessageId: draft.clientMessageId) }
            }
        }
        if draft.clientMessageId == nil, let wait = refusedTexts[sender.userId]?.wait(draft.content, now: now) {
            return sender.socket.perform {
                $0.refuse(rateLimited: wait, "The same text too often; say something else.") { .init(id: id) }
            }
        }
        let command = MessageCommand(
            id: UUID.v7(), roomUuid: self.id, roomId: code, userId: sender.userId,
            requestId: RequestScope.makeRequestID(), type: draft.type, content: draft.content,
            trackRef: draft.trackRef, parentId: draft.parentId, clientMessageId: key)
        let socket = sender.socket, userId = sender.userId, code = code, metrics = services.metrics
        services.commands.submit(command) { reply in
            if let messageId = reply.messageId, let seq = reply.seq {
                socket.post(ServerFrame.ack(id: id, clientMessageId: key, messageId: messageId, seq: seq))
            } else {
                let refusal = reply.error ?? CommandGateway.unavailable
                if refusal.code == ErrorCode.rateLimited.rawValue, let wait = refusal.retryAfterMs {
                    self.perform { $0.refused(draft.content, of: userId, for: wait) }
                }
                metrics.refused(userId, code, action: "send_message", with: refusal.code)
                socket.post(
                    ServerFrame.error(
                        id: id, code: refusal.code, message: refusal.message, retryable: refusal.retryable,
                        retryAfterMs: refusal.retryAfterMs, clientMessageId: key))
            }
        }
    }

    private func refused(_ text: String, of userId: UserID, for wait: Int) {
        guard holding.values.contains(userId) else { return }
        let now = Timestamp.now().millisecondsSinceEpoch
        refusedTexts[userId, default: RefusedTexts()].note(text, retryAfterMs: wait, now: now)
    }

    /// How many ms the user has to wait, where they may not send now.
    private func takeAllowance(of userId: UserID) -> Int? {
        let (limit, now) = (services.limits.messages, Timestamp.now().millisecondsSinceEpoch)
        var allowance = allowances[userId] ?? MessageAllowance(limit, now: now)
        let wait = allowance.take(limit, now: now)
        let news = allowance.news(limit, now: now)
        allowances[userId] = allowance
        if let news {
            Background.run("tell of messages", deadline: .seconds(2), logger: services.logger) {
                await self.tell(news, of: userId)
            }
        }
        return wait
    }

    /// REST and other nodes count on the same messages.
    private func tell(_ news: MessageAllowance.News, of userId: UserID) async {
        let left = await services.limiter.note(
            news.count, over: news.span, of: services.messageLimit, subject: RateLimit.sender(userId, in: id))
        allowances[userId]?.told(left: left)
    }

    private func read(_ seq: Int64, id: FrameID?, from sender: Attached) {
        let room = self.id, socket = sender.socket, userId = sender.userId, timeline = services.timeline
        let code = code, metrics = services.metrics
        Background.run("read marker", deadline: .seconds(8), logger: services.logger) {
            do {
                try await timeline.markRead(room, userId, seq: seq)
                if let id { socket.post(ServerFrame.ack(id: id)) }
            } catch {
                if case InternalCallError.refused(let problem) = error {
                    metrics.refused(userId, code, action: "read", with: problem.code)
                }
                socket.post(ServerFrame.error(id: id, error))
            }
        }
    }

    // MARK: - Calls

    private func signal(to target: UUID, _ data: [UInt8], id: FrameID?, from sender: Attached) {
        guard data.count <= MessageAssembler.longest else { return }
        let recipient = ConnectionID(target)
        let owner = roster.owner(of: recipient)
        let connections: [String: SeatRecord.Connection]
        if let owner, let connection = roster.connections(of: owner)[recipient.description] {
            connections = [recipient.description: connection]
        } else {
            connections = roster.connections(of: UserID(target))
        }
        guard !connections.isEmpty else {
            return sender.socket.post(
                ServerFrame.error(
                    id: id, code: "unknown_recipient", message: "Nobody of that id sits here.", retryable: false))
        }
        let frame = ServerFrame.signal(from: sender.userId, sender.socket.connectionId, data: data)
        for (key, connection) in connections {
            guard let to = ConnectionID(key), to != sender.socket.connectionId else { continue }
            if connection.node == services.node {
                attached[to]?.socket.post(frame)
            } else {
                services.relay.send(.signal(frame, to: to), to: .node(connection.node), of: code)
            }
        }
        done(id, sender)
    }

    private func media(_ audio: Bool?, _ video: Bool?, _ screen: Bool?, id: FrameID?, from sender: Attached) {
        let connection = sender.socket.connectionId
        var state = roster.connections(of: sender.userId)[connection.description]?.media ?? MediaState()
        if let audio { state.audio = audio }
        if let video { state.video = video }
        if let screen { state.screen = screen }
        let noted = roster.note(state, of: connection, of: sender.userId)
        send(ServerFrame.media(userId: sender.userId, connection, state), exceptConnection: connection)
        if roster.hasOthers(than: services.node) {
            let news = MediaNews(
                userId: sender.userId, connection: connection, state: state, changes: noted?.mediaChanges ?? 0)
            services.relay.send(.media(news), to: .room, of: code)
        }
        done(id, sender)
        noteMedia(sender.userId, connection)
    }

    /// Tells the authority a connection's media, for who joins elsewhere. One at a time, the last state wins.
    private func noteMedia(_ userId: UserID, _ connection: ConnectionID) {
        guard unnotedMedia.insert(connection).inserted else { return }
        Background.run("note media", deadline: .seconds(5), logger: services.logger) {
            try await self.tellMedia(userId, connection)
        }
    }

    private func tellMedia(_ userId: UserID, _ connection: ConnectionID) async throws {
        unnotedMedia.remove(connection)
        guard let known = roster.connections(of: userId)[connection.description], let state = known.media else {
            return
        }
        if let change = try await services.seats.note(state, changes: known.mediaChanges ?? 0, code, userId, connection)
        {
            take([change])
            services.relay.send(.presence([roster.completed(change)]), to: .room, of: code)
        }
    }

    // MARK: - From other nodes

    func receive(_ message: RelayMessage) {
        switch message {
        case .presence(let changes): take(changes)
        case .frame(let frame, let exceptConnection, let exceptUser):
            send(frame, exceptConnection: exceptConnection, exceptUser: exceptUser)
        case .media(let news):
            roster.note(news.state, of: news.connection, of: news.userId, changes: news.changes)
            send(
                ServerFrame.media(userId: news.userId, news.connection, news.state),
                exceptConnection: news.connection)
        case .signal(let frame, let connection): if mayTalk { attached[connection]?.socket.post(frame) }
        case .close(let connection, .replaced): replaced(connection)
        case .close(let connection, let code): attached[connection]?.socket.close(code)
        }
    }
}
