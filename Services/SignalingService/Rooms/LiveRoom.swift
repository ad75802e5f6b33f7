import Events
import Foundation
import Identifiers
import Logging
import NIOCore
import ServiceSupport

/// A room with sockets on this node: who is attached, which entry comes next, who sits there.
///
/// Runs on one event loop, so that a room's frames have one order; sockets on other loops get each batch in one hop.
actor LiveRoom {
    struct Attached {
        let socket: SocketRef
        let userId: UserID
        /// The first entry the socket has not got.
        var next: Int64
        /// False while it is being brought up to the room's head.
        var isLive: Bool
        /// The last entry and the last fact that its admission knew of.
        let seq: Int64
        let facts: Int64
    }

    nonisolated let code: RoomCode
    nonisolated let id: RoomID
    nonisolated let loop: any EventLoop
    nonisolated let services: RoomServices

    nonisolated var unownedExecutor: UnownedSerialExecutor { loop.executor.asUnownedSerialExecutor() }

    var stream = EntryStream(head: 0)
    var roster = Roster()
    var attached: [ConnectionID: Attached] = [:]
    /// Connections that hold a seat through this node, attached or about to be.
    var holding: [ConnectionID: UserID] = [:]
    /// Departures that the seat authority has not heard of yet.
    var unheardDepartures: [(UserID, ConnectionID, Departure)] = []
    /// Whose media the authority has yet to hear of.
    var unnotedMedia: Set<ConnectionID> = []
    var allowances: [UserID: MessageAllowance] = [:]
    /// When somebody was last found to be a member, and how many may sit.
    var members: [UserID: ContinuousClock.Instant] = [:]
    var limit = Int.max
    /// Texts that were refused to their senders as said too often.
    var refusedTexts: [UserID: RefusedTexts] = [:]
    var session = SessionStanding()
    /// Facts that took somebody's right to be here, by user.
    var lostRights: [UserID: Int64] = [:]
    var endedByFact = false
    /// The newest fact that this node knows of.
    var newestFact: Int64 = 0
    /// Whether there may be newer ones that it should have heard of, and how often there may have been.
    var mayLackFacts = true
    var doubts = 0
    /// The room service is being asked who somebody is. Others wait for that where facts may be lacking.
    var question: Task<Result<InternalAPI.Admission, any Error>, Never>?

    /// Until when the seats held here are ours, by the clock of this machine.
    var confirmedUntil: ContinuousClock.Instant
    /// When everything held here was last said to who rebuilds the room's seats.
    var registeredAt: ContinuousClock.Instant?
    /// No frame goes out: the leases ran out unnoticed, as of a process that was frozen.
    var isPaused = false
    var isFilling = false
    /// Sockets that are being told what they missed.
    var replaying: Set<ConnectionID> = []
    /// The page that was last asked for, while it is being read.
    var reading: PageReading?
    var isResyncing = false
    var sweep: Scheduled<Void>?
    var rebuild: (JoinAnswer.Rebuild, Task<Void, Never>)?
    private var opening: Task<Void, Never>?
    private(set) var isOpen = false
    private var elsewhere: [LoopGroup]?

    init(code: RoomCode, id: RoomID, loop: any EventLoop, services: RoomServices) {
        self.code = code
        self.id = id
        self.loop = loop
        self.services = services
        confirmedUntil = .now + SeatStore.lease
    }

    /// Runs on the room's loop, in order with everything else that happens there.
    nonisolated func perform(_ body: @escaping @Sendable (isolated LiveRoom) -> Void) {
        if loop.inEventLoop {
            assumeIsolated(body)
        } else {
            loop.execute { self.assumeIsolated(body) }
        }
    }

    /// Returns once the node hears the room and knows who sits there and where the timeline stands.
    /// - Parameter bind: subscribes to the room's events, before anything is read.
    func open(_ bind: @escaping @Sendable () async -> Void) async throws {
        if isOpen { return }
        let task =
            opening
            ?? Background.run("open a room", deadline: .seconds(5), logger: services.logger) {
                await bind()
                try await self.load()
            }
        opening = task
        await task.value
        opening = nil
        guard isOpen else { throw Refusal(.unavailable, "the room cannot be opened") }
    }

    private func load() async throws {
        async let index: Void = services.seats.index([code])
        async let snapshot = services.seats.snapshot(code)
        async let heads = services.timeline.heads([id])
        _ = roster.replace(with: try await snapshot)
        try await index
        let early = stream.waiting
        stream = EntryStream(head: try await heads[id] ?? 0)
        isOpen = true
        receive(early)
    }

    // MARK: - Sockets

    /// Makes a socket part of the room. Its first frame must have been posted.
    /// - Parameters:
    ///   - next: the first entry it is to get.
    ///   - seq: the last entry when it was let in.
    func attach(_ socket: SocketRef, as userId: UserID, next: Int64, seq: Int64, facts: Int64) {
        attached[socket.connectionId] = Attached(
            socket: socket, userId: userId, next: next, isLive: false, seq: seq, facts: facts)
        elsewhere = nil
        if endedByFact { return socket.close(.roomEnded) }
        if let lost = lostRights[userId], lost > facts { return socket.close(.noLongerAuthorised) }
        bringUp(socket.connectionId)
    }

    /// A socket is gone: its seat is freed as its departure says.
    func detach(_ connection: ConnectionID, _ departure: Departure) {
        guard let userId = holding[connection] ?? attached[connection]?.userId else { return }
        attached[connection] = nil
        elsewhere = nil
        free(connection, of: userId, departure)
    }

    var isIdle: Bool { attached.isEmpty && holding.isEmpty && unheardDepartures.isEmpty }

    func closeAll(_ code: CloseCode) {
        for socket in attached.values.map(\.socket) { socket.close(code) }
    }

    /// - Parameter matching: which of the user's sockets.
    func close(_ userId: UserID, _ code: CloseCode, where matching: (Attached) -> Bool = { _ in true }) {
        for each in attached.values where each.userId == userId && matching(each) { each.socket.close(code) }
    }

    // MARK: - Frames out

    struct LoopGroup: Sendable {
        let loop: any EventLoop
        var sockets: [(socket: SocketRef, userId: UserID, next: Int64)]
    }

    /// Sends entries to every live socket; each gets those it has not had.
    func send(_ entries: [LiveEntry]) {
        guard mayTalk else { return pause() }
        for each in attached.values where each.isLive && each.socket.loop === loop {
            for entry in entries where entry.seq >= each.next { each.socket.post(entry.frame) }
        }
        for group in groupsElsewhere() {
            group.loop.execute {
                for each in group.sockets {
                    for entry in entries where entry.seq >= each.next { each.socket.post(entry.frame) }
                }
            }
        }
    }

    /// Sends an ephemeral frame to everybody but a connection or a user.
    func send(_ frame: Frame, exceptConnection: ConnectionID? = nil, exceptUser: UserID? = nil) {
        guard mayTalk else { return }
        for each in attached.values where each.socket.loop === loop {
            guard each.socket.connectionId != exceptConnection, each.userId != exceptUser else { continue }
            each.socket.post(frame)
        }
        for group in groupsElsewhere() {
            group.loop.execute {
                for each in group.sockets
                where each.socket.connectionId != exceptConnection && each.userId != exceptUser {
                    each.socket.post(frame)
                }
            }
        }
    }

    /// Sockets on other loops, by loop; made anew when somebody came, went or caught up.
    private func groupsElsewhere() -> [LoopGroup] {
        if let elsewhere { return elsewhere }
        var groups: [ObjectIdentifier: LoopGroup] = [:]
        for each in attached.values where each.socket.loop !== loop {
            groups[ObjectIdentifier(each.socket.loop), default: LoopGroup(loop: each.socket.loop, sockets: [])]
                .sockets.append((each.socket, each.userId, each.isLive ? each.next : .max))
        }
        let made = Array(groups.values)
        elsewhere = made
        return made
    }

    func forgetGroups() { elsewhere = nil }
}
