import Events
import Foundation
import Identifiers
import Redis
import TestSupport
import Testing

@testable import SignalingService

/// The scripts, on a real Redis.
@Suite struct SeatStoreTests {
    /// A store for each node, and a room of a given size in a Redis of its own database.
    private func withStores(
        max: Int = 2, isNew: Bool = true, _ body: @Sendable @escaping (SeatBench) async throws -> Void
    ) async throws {
        try await RedisServer.shared().withDatabase { url in
            try await RedisClient.withClient(url) { redis in
                let bench = SeatBench(redis: redis)
                try await bench.setRoom(max: max)
                if isNew { try await bench.markNew() }
                try await body(bench)
            }
        }
    }

    @Test func seatsAreGivenUpToTheLimit() async throws {
        try await withStores { bench in
            let (a, b, c) = (UserID.new(), UserID.new(), UserID.new())
            let first = try await bench.seat(a)
            #expect(first?.isNew == true && first?.count == 1)
            #expect(try await bench.seat(b)?.count == 2)
            #expect(try await bench.join(c) == .full)
            // One's own seat is shared, also in a full room and on another node.
            let again = try await bench.seat(a, at: bench.other)
            #expect(again?.isNew == false && again?.count == 2)
            #expect(again?.record.connections.count == 2)
        }
    }

    @Test func aRoomThatIsMissingOrEndedIsSaid() async throws {
        try await withStores { bench in
            try await bench.setRoom(max: 2, isActive: false)
            #expect(try await bench.join(.new()) == .ended)
            _ = try await bench.redis.send(RedisCommand("DEL", "room:\(bench.code)"))
            #expect(try await bench.join(.new()) == .missing)
        }
    }

    @Test func theLastConnectionFreesTheSeat() async throws {
        try await withStores { bench in
            let (a, one, two) = (UserID.new(), ConnectionID.new(), ConnectionID.new())
            _ = try await bench.one.join(bench.code, bench.occupant(a), one)
            _ = try await bench.one.join(bench.code, bench.occupant(a), two)
            guard
                case .updated(let change) = try await bench.one.leave(
                    bench.code, a, one, reason: .closed, keepsSeat: false)
            else { return #expect(Bool(false)) }
            #expect(change.record?.connections.count == 1)
            guard case .left(let end) = try await bench.one.leave(bench.code, a, two, reason: .bye, keepsSeat: false)
            else { return #expect(Bool(false)) }
            #expect(end.reason == .bye && end.count == 0)
            #expect(try await bench.one.leave(bench.code, a, two, reason: .bye, keepsSeat: false) == .none)
        }
    }

    @Test func theSixthSocketReplacesTheOldest() async throws {
        try await withStores { bench in
            let user = UserID.new()
            var connections: [ConnectionID] = []
            for _ in 0..<6 {
                let connection = ConnectionID.new()
                connections.append(connection)
                let (answer, _) = try await bench.one.join(bench.code, bench.occupant(user), connection)
                guard case .joined(let seat) = answer else { return #expect(Bool(false)) }
                #expect(seat.replaced?.connection == (connections.count == 6 ? connections[0] : nil))
                try await Task.sleep(for: .milliseconds(2))
            }
        }
    }

    @Test func aFullRoomIsKnownWithoutATry() async throws {
        try await withStores(max: 1) { bench in
            let (a, b) = (UserID.new(), UserID.new())
            #expect(try await !bench.one.isFull(bench.code, for: b))
            _ = try await bench.seat(a)
            #expect(try await bench.one.isFull(bench.code, for: b))
            #expect(try await !bench.one.isFull(bench.code, for: a))
            // A lease that is over is no seat; nor is it taken out by who only asks.
            try await bench.expire(a)
            #expect(try await !bench.one.isFull(bench.code, for: b))
            try await bench.setRoom(max: 2)
            #expect(try await !bench.one.isFull(bench.code, for: b))
        }
    }

    @Test func expiredLeasesAreTakenOutAndToldOnce() async throws {
        try await withStores { bench in
            let (a, b, c) = (UserID.new(), UserID.new(), UserID.new())
            _ = try await bench.seat(a)
            _ = try await bench.seat(b)
            try await bench.expire(a)
            // Somebody touched the slot lately: the lease ended by a crash, not by an outage.
            let (answer, changes) = try await bench.one.join(bench.code, bench.occupant(c), .new())
            guard case .joined(let seat) = answer else { return #expect(Bool(false)) }
            #expect(seat.count == 2)
            #expect(changes.map(\.userId) == [a])
            #expect(changes.first?.reason == .timeout)
            #expect(try await bench.renew([b]).changes.isEmpty)
        }
    }

    @Test func oneNeverLosesToOnesOwnGhost() async throws {
        try await withStores(max: 2) { bench in
            let (a, b) = (UserID.new(), UserID.new())
            _ = try await bench.seat(a)
            _ = try await bench.seat(b)
            try await bench.expire(a)
            let again = try await bench.seat(a)
            #expect(again?.isNew == false && again?.count == 2)
        }
    }

    @Test func aLoweredLimitPutsNobodyOut() async throws {
        try await withStores(max: 3) { bench in
            let users = [UserID.new(), UserID.new(), UserID.new()]
            for user in users { _ = try await bench.seat(user) }
            try await bench.setRoom(max: 2)
            #expect(try await bench.renew(users).answer.count == 3)
            #expect(try await bench.seat(users[0])?.count == 3)
            #expect(try await bench.join(.new()) == .full)
        }
    }

    @Test func withoutAGenerationNobodyNewIsLetIn() async throws {
        try await withStores(isNew: false) { bench in
            guard case .rebuilding(let rebuild) = try await bench.join(.new()) else { return #expect(Bool(false)) }
            try await bench.settle(rebuild)
            #expect(try await bench.seat(.new())?.count == 1)
        }
    }

    @Test func afterALossHoldersAreBelievedThenCounted() async throws {
        try await withStores(max: 2) { bench in
            let (a, b, c) = (UserID.new(), UserID.new(), UserID.new())
            let records = [try await bench.seat(a), try await bench.seat(b)].compactMap { $0?.record }
            _ = try await bench.redis.send(RedisCommand("FLUSHDB"))
            try await bench.setRoom(max: 2)
            guard case .rebuilding(let rebuild) = try await bench.join(c) else { return #expect(Bool(false)) }
            #expect(try await bench.one.register(bench.code, [(a, records[0])])?.refused == [])
            // Who has registered may come again at once.
            #expect(try await bench.seat(a)?.isNew == false)
            try await bench.settle(rebuild)
            // The other was too late, and one was let in meanwhile.
            #expect(try await bench.seat(c)?.count == 2)
            #expect(try await bench.one.register(bench.code, [(b, records[1])])?.refused == [b])
            #expect(try await bench.one.snapshot(bench.code).seats.keys.contains(c))
        }
    }

    @Test func aMissingRoomObjectCostsNoSeat() async throws {
        try await withStores(max: 2) { bench in
            let a = UserID.new()
            _ = try await bench.seat(a)
            _ = try await bench.redis.send(RedisCommand("DEL", "room:\(bench.code)"))
            #expect(try await bench.renew([a]).answer.missing.isEmpty)
            try await bench.setRoom(max: 2)
            #expect(try await bench.seat(.new())?.count == 2)
        }
    }

    @Test func afterAnOutageLongerThanALeaseSeatsAreRebuilt() async throws {
        try await withStores(max: 1) { bench in
            let a = UserID.new()
            _ = try await bench.seat(a)
            try await bench.expire(a)
            try await bench.setTouched(ago: 40_000)
            guard case .rebuilding = try await bench.join(.new()) else { return #expect(Bool(false)) }
            // Its holder renews: the seat was never lost.
            #expect(try await bench.renew([a]).answer.missing.isEmpty)
            guard case .rebuilding(let rebuild) = try await bench.join(.new()) else { return #expect(Bool(false)) }
            try await bench.settle(rebuild)
            #expect(try await bench.join(.new()) == .full)
        }
    }

    @Test func whoSawRedisAllAlongKnowsThatTheHoldersAreDead() async throws {
        try await withStores(max: 1) { bench in
            let a = UserID.new()
            let now = Timestamp.now().millisecondsSinceEpoch
            func tryAgain(since: Int64, heard: Int64) async throws -> JoinAnswer {
                _ = try await bench.seat(a)
                try await bench.expire(a)
                try await bench.setTouched(ago: 20_000)
                let contact = RedisContact()
                if since > 0 {
                    let start = ContinuousClock.now - .seconds(100)
                    for clock in stride(from: since, through: heard, by: 1000) {
                        contact.heard(clock, asked: start + .milliseconds(clock - since))
                    }
                }
                return try await bench.join(.new(), at: SeatStore(redis: bench.redis, node: "new/1", contact: contact))
            }
            // Not in touch, not for long enough, not any more: seats may be held that nobody could renew.
            for (since, heard) in [(0, 0), (now - 10_000, now), (now - 40_000, now - 8000), (now, now + 60_000)] {
                guard case .rebuilding(let rebuild) = try await tryAgain(since: since, heard: heard) else {
                    Issue.record("let in with \(since - now), \(heard - now)")
                    return
                }
                try await bench.settle(rebuild)
            }
            guard case .joined(let seat) = try await tryAgain(since: now - 40_000, heard: now) else {
                Issue.record("not let in")
                return
            }
            #expect(seat.count == 1)
        }
    }

    @Test func aRebuildEndsByItselfAfterALease() async throws {
        try await withStores(isNew: false) { bench in
            guard case .rebuilding = try await bench.join(.new()) else { return #expect(Bool(false)) }
            let past = Timestamp.now().millisecondsSinceEpoch - SeatStore.lease.wholeMilliseconds - 1
            _ = try await bench.redis.send(RedisCommand("HSET", "{room:\(bench.code)}:meta", "since", past))
            #expect(try await bench.seat(.new())?.count == 1)
        }
    }

    @Test func aDeadNodesConnectionsEndWithItsLease() async throws {
        try await withStores { bench in
            let a = UserID.new()
            _ = try await bench.seat(a)
            _ = try await bench.seat(a, at: bench.other)
            _ = try await bench.redis.send(RedisCommand("HSET", "{room:\(bench.code)}:nodes", bench.other.node, 1))
            let (_, changes) = try await bench.renew([a])
            #expect(changes.count == 1)
            #expect(changes.first?.kind == .updated)
            #expect(changes.first?.record?.connections.count == 1)
        }
    }

    @Test func aNewLifeOfANodeDropsTheOldOnesConnections() async throws {
        try await withStores { bench in
            let a = UserID.new()
            _ = try await bench.seat(a)
            let reborn = SeatStore(redis: bench.redis, node: "one/9")
            #expect(try await bench.seat(a, at: reborn)?.record.connections.count == 1)
        }
    }

    @Test func whoLeftWhileTheirOtherNodeWasDyingFreesTheSeatWithIt() async throws {
        try await withStores(max: 1) { bench in
            let (a, b, connection) = (UserID.new(), UserID.new(), ConnectionID.new())
            _ = try await bench.one.join(bench.code, bench.occupant(a), connection)
            _ = try await bench.seat(a, at: bench.other)
            guard case .updated = try await bench.one.leave(bench.code, a, connection, reason: .bye, keepsSeat: false)
            else { return #expect(Bool(false)) }
            #expect(try await bench.join(b) == .full)
            // As time would end it.
            _ = try await bench.redis.send(RedisCommand("HSET", "{room:\(bench.code)}:nodes", "other/1", 1000))
            let (answer, changes) = try await bench.renew([])
            #expect(answer.count == 0)
            #expect(changes.map(\.userId) == [a] && changes.map(\.kind) == [.left])
            #expect(try await bench.seat(b) != nil)
        }
    }

    @Test func aKeptSeatStaysForOneMoreLease() async throws {
        try await withStores(max: 1) { bench in
            let (a, connection) = (UserID.new(), ConnectionID.new())
            _ = try await bench.one.join(bench.code, bench.occupant(a), connection)
            try await bench.expire(a)
            guard case .updated = try await bench.one.leave(bench.code, a, connection, reason: .closed, keepsSeat: true)
            else { return #expect(Bool(false)) }
            #expect(try await bench.join(.new()) == .full)
            #expect(try await bench.seat(a)?.isNew == false)
        }
    }

    @Test func manyAtOnceNeverExceedTheLimit() async throws {
        try await withStores(max: 4) { bench in
            let seated = try await withThrowingTaskGroup(of: Bool.self) { group in
                for number in 0..<200 {
                    group.addTask {
                        try await bench.seat(.new(), at: number.isMultiple(of: 2) ? bench.one : bench.other) != nil
                    }
                }
                return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
            }
            #expect(seated == 4)
        }
    }
}

struct SeatBench: Sendable {
    let redis: RedisClient
    let code = RoomCode.random()
    var one: SeatStore { SeatStore(redis: redis, node: "one/1") }
    var other: SeatStore { SeatStore(redis: redis, node: "other/1") }

    func setRoom(max: Int, isActive: Bool = true) async throws {
        let json = #"{"id":"x","hostId":null,"maxParticipants":\#(max),"isActive":\#(isActive),"version":1}"#
        _ = try await redis.send(RedisCommand("SET", "room:\(code)", json))
    }

    func markNew() async throws {
        let script = RedisScript(
            "redis.call('SET', KEYS[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'))")
        _ = try await redis.evaluate(script, keys: ["{room:\(code)}:new"])
    }

    func occupant(_ user: UserID) -> SeatStore.Occupant { .init(userId: user, name: "Ada", role: .member) }

    func join(_ user: UserID, at store: SeatStore? = nil) async throws -> JoinAnswer {
        try await (store ?? one).join(code, occupant(user), .new()).answer
    }

    func seat(_ user: UserID, at store: SeatStore? = nil) async throws -> JoinAnswer.Seat? {
        if case .joined(let seat) = try await join(user, at: store) { seat } else { nil }
    }

    func renew(_ users: [UserID]) async throws -> (answer: RenewAnswer, changes: [SeatChange]) {
        try SeatStore.renewed(try await redis.send(one.renewal(code, users)))
    }

    func settle(_ rebuild: JoinAnswer.Rebuild) async throws {
        try await eventually("the rebuild is over") { try await one.settle(code, rebuild) == .ready }
    }

    /// Ends a lease now, as time would.
    func expire(_ user: UserID) async throws {
        _ = try await redis.send(RedisCommand("ZADD", "{room:\(code)}:seats", 1000, user.description))
    }

    func setTouched(ago milliseconds: Int64) async throws {
        let past = Timestamp.now().millisecondsSinceEpoch - milliseconds
        _ = try await redis.send(RedisCommand("HSET", "{room:\(code)}:meta", "touched", past))
    }
}
