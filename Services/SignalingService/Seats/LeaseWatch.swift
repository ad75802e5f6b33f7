import Foundation
import Identifiers
import Logging
import Redis
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Renews the seats of this node in batches, and decides what to do while it cannot.
///
/// Where the authority is away for everybody, people talk on and nobody new comes. Where only this node cannot reach
/// it, others could be let in once the leases end: the node gives its seats up before.
final class LeaseWatch: Service {
    /// Each room is renewed this often.
    private static let turn = 10
    private static let largestPipeline = 200
    /// Rooms that take in their renewals at a time.
    private static let registrations = 32
    private static let nextSweep: Duration = .milliseconds(250)
    /// Longer than it takes to reach the authority again once it is back.
    private static let awayKept: Duration = .seconds(6)
    /// How long before the end of a lease seats are given up.
    private static let margin: Duration = .seconds(3)

    private struct State {
        var rooms: [RoomCode: LiveRoom] = [:]
        /// The authority was found away for everybody, which is good until here: others may find it back earlier than this
        /// node does.
        var awayUntil: ContinuousClock.Instant?
    }

    private let seats: SeatStore
    private let directory: RoomDirectory
    private let relay: LiveRelay
    private let metrics: SignalingMetrics
    private let logger: Logger
    private let state = Mutex(State())
    private let demands: AsyncStream<Void>
    private let demand: AsyncStream<Void>.Continuation

    init(seats: SeatStore, directory: RoomDirectory, relay: LiveRelay, metrics: SignalingMetrics, logger: Logger) {
        self.seats = seats
        self.directory = directory
        self.relay = relay
        self.metrics = metrics
        self.logger = logger
        (demands, demand) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    func add(_ room: LiveRoom) { state.withLock { $0.rooms[room.code] = room } }

    func remove(_ room: LiveRoom) {
        state.withLock { if $0.rooms[room.code] === room { $0.rooms[room.code] = nil } }
    }

    /// Whether everybody is known to be without the authority, so that leases bind nobody.
    func isAuthorityAway(at now: ContinuousClock.Instant) -> Bool {
        state.withLock { $0.awayUntil.map { now < $0 } ?? false }
    }

    /// Renews everything at once: leases ran out unnoticed.
    func renewNow() { demand.yield() }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.keepTurns() }
                group.addTask { await self.keepLooking() }
                group.addTask { for await _ in self.demands { await self.renew { _ in true } } }
                group.addTask {
                    for await isAvailable in self.seats.redis.availability() where isAvailable {
                        await self.renew { _ in true }
                    }
                }
                group.addTask { await self.sweepAbandoned() }
            }
        }
    }

    private func keepTurns() async {
        var second = 0
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            second += 1
            let turn = second % Self.turn
            await renew { UInt(bitPattern: $0.hashValue) % UInt(Self.turn) == UInt(turn) }
        }
    }

    /// However long renewals take: that is what it looks for.
    private func keepLooking() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .seconds(1))
            await judge()
        }
    }

    private func renew(where isDue: (RoomCode) -> Bool) async {
        let rooms = state.withLock { $0.rooms.filter { isDue($0.key) }.map(\.value) }
        var due: [(LiveRoom, RedisCommand)] = []
        for room in rooms {
            if let users = await room.renewal { due.append((room, seats.renewal(room.code, users))) }
        }
        while !due.isEmpty {
            let batch = due.prefix(Self.largestPipeline)
            due.removeFirst(batch.count)
            await renew(Array(batch))
        }
    }

    private func renew(_ batch: [(LiveRoom, RedisCommand)]) async {
        let asked = ContinuousClock.now
        do {
            let results = try await seats.redis.pipeline(batch.map(\.1))
            let renewals = try results.map { try SeatStore.renewed(try $0.get()) }
            // Where Redis has forgotten seats, each room registers its own.
            await withTaskGroup(of: Void.self) { group in
                for (index, ((room, _), (answer, changes))) in zip(batch, renewals).enumerated() {
                    if index >= Self.registrations { await group.next() }
                    group.addTask { await room.renewed(answer, changes, asked: asked) }
                }
            }
            try await seats.index(batch.map(\.0.code))
        } catch {
            logger.debug("seats cannot be renewed", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Looks at rooms whose leases could not be renewed for a while.
    private func judge() async {
        let now = ContinuousClock.now
        var late: [LiveRoom] = []
        var held = 0
        for room in state.withLock({ Array($0.rooms.values) }) {
            let (seats, until) = await room.leases
            held += seats
            if seats > 0, until - now < SeatStore.lease - .seconds(12) { late.append(room) }
        }
        metrics.seatAuthority(isAway: !late.isEmpty)
        metrics.seats(held: held)
        guard !late.isEmpty else { return }
        if seats.redis.isAvailable { renewNow() }
        let isAway = seats.redis.isAvailable ? false : await directory.findsRedisAway()
        if isAway == true {
            // It is asked again each second for as long as it lasts.
            state.withLock { $0.awayUntil = now + Self.awayKept }
            return
        }
        // Whoever would be let in after an outage waits for this node to say what it holds.
        guard !isAuthorityAway(at: .now) else { return }
        for room in late where await room.confirmedUntil - .now < Self.margin {
            logger.warning("giving seats up before their leases end", metadata: [LogKeys.roomID: "\(room.code)"])
            await room.giveUp()
        }
    }

    /// Rooms that no node holds any more: their last seats end here, and are told.
    private func sweepAbandoned() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: Self.nextSweep)
            guard seats.redis.isAvailable else { continue }
            do { try await sweepOnce() } catch {
                logger.debug("abandoned rooms cannot be swept", metadata: [LogKeys.error: "\(error)"])
            }
        }
    }

    private func sweepOnce() async throws {
        for code in try await seats.abandoned(limit: 100) {
            let (answer, changes) = try SeatStore.renewed(try await seats.redis.send(seats.sweep(code)))
            if let room = state.withLock({ $0.rooms[code] }) {
                await room.announce(changes)
            } else if !changes.isEmpty, let room = try await seats.reference(code) {
                relay.publish(changes, in: room)
            }
            // Seats that are being rebuilt may outlast their leases.
            let next = max(.milliseconds(answer.nextEnd ?? 1000), Self.nextSweep)
            try await seats.index([code], for: answer.count == 0 ? nil : next)
        }
    }
}
