import Events
import Foundation
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// The users' own streams, `/ws/status`: notifications, invitations, matches, bans, and which rooms have news.
final class StatusHub: Service {
    private struct Stream {
        var socket: SocketRef
        var userId: UserID
        var email: String?
        var rooms: Set<RoomCode> = []
        /// What came before the stream began, in order; `nil` from then on.
        var early: [Word]? = []
    }

    /// One frame for a stream.
    private struct Word {
        var frame: Frame
        /// Of a notification, which may be among the unread that a stream begins with.
        var notification: NotificationID?
    }

    private static let beat: Duration = .milliseconds(100)
    /// Beyond it a stream that does not begin is told no more; it reads what it missed from the API.
    private static let mostEarly = 1000

    private struct State {
        var streams: [ConnectionID: Stream] = [:]
        var readers: [RoomCode: Set<ConnectionID>] = [:]
        var pace = UnreadPace()
        var heard = RecentEvents()

        /// True where nobody is left to tell of the room's messages.
        mutating func stopReading(_ code: RoomCode, _ connection: ConnectionID) -> Bool {
            readers[code]?.remove(connection)
            guard readers[code]?.isEmpty == true else { return false }
            readers[code] = nil
            return true
        }
    }

    private let state = Mutex(State())
    private let feed: LiveFeed
    private let logger: Logger

    init(feed: LiveFeed, logger: Logger) {
        self.feed = feed
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                try? await Task.sleep(for: Self.beat)
                self.tellDue()
            }
        }
    }

    // MARK: - Streams

    func add(_ socket: SocketRef, _ userId: UserID, email: String?) {
        state.withLock { $0.streams[socket.connectionId] = Stream(socket: socket, userId: userId, email: email) }
    }

    /// Begins a stream: `first`, then what came meanwhile. What comes from now on follows it.
    /// - Parameters:
    ///   - unread: notifications in `first`.
    ///   - enter: makes the socket a stream; false where it ended before.
    func begin(
        _ connection: ConnectionID, with first: [Frame], unread: Set<NotificationID>,
        enter: @escaping @Sendable (SocketSession) -> Bool
    ) {
        state.withLock { state in
            guard let stream = state.streams[connection], let early = stream.early else { return }
            state.streams[connection]?.early = nil
            let frames =
                first + early.filter { $0.notification.map { !unread.contains($0) } ?? true }.map(\.frame)
            // Under the lock, so that nothing that comes after it overtakes it.
            stream.socket.perform { session in
                guard enter(session) else { return }
                for frame in frames { session.post(frame) }
                session.catchUp()
            }
        }
    }

    func follow(_ rooms: [RoomCode], for connection: ConnectionID) async {
        let new = state.withLock { state -> [RoomCode] in
            guard state.streams[connection] != nil else { return [] }
            let new = rooms.filter { state.streams[connection]!.rooms.insert($0).inserted }
            for code in new { state.readers[code, default: []].insert(connection) }
            return new.filter { state.readers[$0]?.count == 1 }
        }
        // Some have hundreds of rooms: the broker is not waited for one by one.
        await withDiscardingTaskGroup { group in
            for code in new { group.addTask { await self.feed.bind(messagesOf: code) } }
        }
    }

    func unfollow(_ code: RoomCode, for connection: ConnectionID) async {
        let isLast = state.withLock { state in
            guard state.streams[connection]?.rooms.remove(code) != nil else { return false }
            return state.stopReading(code, connection)
        }
        if isLast { await feed.unbind(messagesOf: code) }
    }

    func remove(_ connection: ConnectionID) async {
        let unread = state.withLock { state -> [RoomCode] in
            guard let stream = state.streams.removeValue(forKey: connection) else { return [] }
            return stream.rooms.filter { state.stopReading($0, connection) }
        }
        for code in unread { await feed.unbind(messagesOf: code) }
    }

    func close(_ userId: UserID, _ code: CloseCode) async {
        for stream in streams(of: userId) { stream.socket.close(code) }
    }

    func closeAll(_ code: CloseCode) {
        for stream in state.withLock({ Array($0.streams.values) }) { stream.socket.close(code) }
    }

    /// Whose streams are open here.
    var users: Set<UserID> { state.withLock { Set($0.streams.values.map(\.userId)) } }

    private func streams(of userId: UserID) -> [Stream] {
        state.withLock { $0.streams.values.filter { $0.userId == userId } }
    }

    // MARK: - News

    /// Tells readers at once when nothing was told of the room lately, else at the next beat.
    func newMessage(in code: RoomCode, seq: Int64) {
        let now = ContinuousClock.now
        let isDue = state.withLock { $0.readers[code] != nil && $0.pace.hear(seq, in: code, at: now) }
        if isDue { tell(code, seq) }
    }

    private func tellDue() {
        let now = ContinuousClock.now
        for (code, seq) in state.withLock({ $0.pace.due(at: now) }) { tell(code, seq) }
    }

    private func tell(_ code: RoomCode, _ seq: Int64) {
        var writer = FrameWriter(type: "unread_changed")
        writer.field("roomId", code.description)
        writer.field("lastSeq", seq)
        let readers = state.withLock { $0.readers[code] ?? [] }
        post(Word(frame: writer.finish(ephemeral: true)), to: readers)
    }

    /// Tells whom it concerns; an event that comes again is nothing new.
    func receive(_ event: Event) async {
        guard state.withLock({ $0.heard.hear(event.id) }) else { return }
        switch event.body {
        case .notificationCreated(let notification):
            post(to: "notification", "notification", notification, notification.id) { stream in
                notification.userId.map { $0 == stream.userId }
                    ?? (notification.email != nil && notification.email?.lowercased() == stream.email)
            }
        case .invitationCreated(let invitation):
            guard let room = event.room?.code else { return }
            let view = InvitationView(invitation, in: room, at: event.timestamp)
            post(to: "invitation", "invitation", view) { $0.email == invitation.email.lowercased() }
        // An event of a pair concerns both who are in it.
        case .matchFound(let room):
            post(to: "match_found", "room", room) { [event.userId, event.targetUserId].contains($0.userId) }
        case .mutualLike:
            guard let code = event.room?.code else { return }
            post(to: "mutual_like", "roomId", code) { [event.userId, event.targetUserId].contains($0.userId) }
        case .timeline(.memberJoined(let member)) where event.seq == nil:
            guard let code = event.room?.code else { return }
            for stream in streams(of: member.userId) { await follow([code], for: stream.socket.connectionId) }
        case .timeline(.memberLeft(let member, _)) where event.seq == nil:
            guard let code = event.room?.code else { return }
            for stream in streams(of: member.userId) { await unfollow(code, for: stream.socket.connectionId) }
        case .timeline(.memberBanned(let member, let reason, let until)) where event.seq == nil:
            guard let code = event.room?.code else { return }
            var writer = FrameWriter(type: "room_banned")
            writer.field("roomId", code.description)
            writer.field("reason", reason)
            writer.field("until", until?.description)
            let streams = streams(of: member.userId).map(\.socket.connectionId)
            post(Word(frame: writer.finish(ephemeral: true)), to: streams)
            for connection in streams { await unfollow(code, for: connection) }
        default: break
        }
    }

    /// Tells everybody whom it concerns.
    private func post(
        to type: StaticString, _ field: StaticString, _ value: some Encodable, _ notification: NotificationID? = nil,
        where concerns: (Stream) -> Bool
    ) {
        let streams = state.withLock { $0.streams.filter { concerns($0.value) } }
        guard !streams.isEmpty, let json = try? WireJSON.encode(value) else { return }
        post(Word(frame: ServerFrame.notice(type, field, json: json), notification: notification), to: streams.keys)
    }

    private func post(_ word: Word, to connections: some Collection<ConnectionID>) {
        state.withLock { state in
            for connection in connections {
                guard let stream = state.streams[connection] else { continue }
                guard let early = stream.early else {
                    stream.socket.post(word.frame)
                    continue
                }
                if early.count < Self.mostEarly { state.streams[connection]?.early?.append(word) }
            }
        }
    }
}

extension InvitationView {
    fileprivate init(_ fields: InvitationFields, in room: RoomCode, at time: Timestamp) {
        self.init(
            invitationId: fields.invitationId, roomId: room, roomName: fields.roomName, email: fields.email,
            invitedBy: fields.invitedBy, status: fields.status, delivery: fields.delivery, createdAt: time,
            expiresAt: fields.expiresAt)
    }
}
