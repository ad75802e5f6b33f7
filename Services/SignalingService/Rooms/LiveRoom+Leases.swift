import Events
import Foundation
import Identifiers
import Logging
import NIOCore
import Redis
import ServiceSupport

/// Leases: a promise with a date, which this node keeps looking at.
extension LiveRoom {
    /// Whether frames may go out: the seats are ours, or the authority is known to be away for everybody.
    var mayTalk: Bool {
        let now = ContinuousClock.now
        return now < confirmedUntil || holding.isEmpty || services.leases.isAuthorityAway(at: now)
    }

    /// The leases ran out while nobody looked (the process was frozen): nothing goes out until they are confirmed.
    func pause() {
        guard !isPaused else { return }
        isPaused = true
        for connection in attached.keys { attached[connection]?.isLive = false }
        forgetGroups()
        services.leases.renewNow()
    }

    /// Users whose seats this node renews; nil where there is nothing to renew, and nothing left to say.
    var renewal: [UserID]? {
        holding.isEmpty && unheardDepartures.isEmpty ? nil : Array(Set(holding.values))
    }

    /// Seats held here, and until when they are ours.
    var leases: (seats: Int, until: ContinuousClock.Instant) { (Set(holding.values).count, confirmedUntil) }

    /// The authority renewed what it still knew of.
    /// - Parameter asked: before the renewal was sent.
    func renewed(_ answer: RenewAnswer, _ changes: [SeatChange], asked: ContinuousClock.Instant) async {
        announce(changes)
        if !unheardDepartures.isEmpty { await tellDepartures() }
        let missing = answer.missing.filter { holding.values.contains($0) }
        if missing.isEmpty {
            confirmed(asked)
        } else {
            await register(missing, asked: asked)
        }
        // A change that never came shows in the version, unless a later one did come: then it shows in the number.
        if answer.version > roster.version || answer.count != roster.seats.count { resync() }
        if let next = answer.nextEnd { sweepLater(milliseconds: next) }
    }

    private func confirmed(_ asked: ContinuousClock.Instant) {
        confirmedUntil = max(confirmedUntil, asked + SeatStore.lease)
        guard isPaused else { return }
        isPaused = false
        for connection in Array(attached.keys) { bringUp(connection) }
    }

    /// Says again which seats are held here. Who is refused lost the seat to somebody let in meanwhile.
    ///
    /// - Returns: the run of the Redis that knows them now; `nil` where none was told.
    @discardableResult
    func register(_ users: [UserID], asked: ContinuousClock.Instant) async -> String? {
        var records: [(UserID, SeatRecord)] = []
        for userId in users {
            guard var record = roster.seats[userId] else { continue }
            let own = holding.filter { $0.value == userId }.keys
            record.connections = [:]
            for connection in own {
                record.connections[connection.description] =
                    roster.connections(of: userId)[connection.description]
                    ?? .init(node: services.node, since: record.joinedAt, media: nil)
            }
            records.append((userId, record))
        }
        do {
            var result = try await services.seats.register(code, records)
            if result == nil {
                try await services.rooms.refill(code)
                result = try await services.seats.register(code, records)
            }
            guard let result else { return nil }
            for userId in result.refused { close(userId, .unavailable) }
            confirmed(asked)
            resync()
            return result.run
        } catch {
            services.logger.warning(
                "seats cannot be registered", metadata: [LogKeys.roomID: "\(code)", LogKeys.error: "\(error)"])
            return nil
        }
    }

    /// Everything held here, in answer to who rebuilds the room's seats in the Redis of this run.
    ///
    /// - Returns: false where that one does not know of it: nobody new may be let in.
    func registerAll(in run: String) async -> Bool {
        registeredAt = .now
        let users = Set(holding.values)
        if users.isEmpty { return true }
        return await register(Array(users), asked: .now) == run
    }

    /// The node cannot keep its promise: it gives its seats up before their leases end.
    func giveUp() { closeAll(.unavailable) }

    /// Takes out whose lease ends next, when it does: nobody else may be there to do it.
    private func sweepLater(milliseconds: Int) {
        sweep?.cancel()
        guard milliseconds < 12_000 else { return }
        let room = self
        sweep = loop.scheduleTask(in: .milliseconds(Int64(max(0, milliseconds) + 30))) {
            Background.run("sweep", deadline: .seconds(5), logger: room.services.logger) {
                let value = try await room.services.seats.redis.send(room.services.seats.sweep(room.code))
                let (answer, changes) = try SeatStore.renewed(value)
                await room.swept(answer, changes)
            }
        }
    }

    private func swept(_ answer: RenewAnswer, _ changes: [SeatChange]) {
        announce(changes)
        if let next = answer.nextEnd { sweepLater(milliseconds: next) }
    }

    // MARK: - Rebuilding

    /// Asks every node that could hold seats here to register them, and ends the rebuild once all have. Callers that
    /// come meanwhile wait for the same asking.
    func seeThrough(_ rebuild: JoinAnswer.Rebuild) async {
        if let (running, task) = self.rebuild, running == rebuild { return await task.value }
        let task = Background.run("rebuild seats", deadline: .seconds(3), logger: services.logger) {
            guard await self.registerAll(in: rebuild.run),
                await self.services.relay.askForSeats(of: self.code, in: rebuild.run)
            else {
                try await Task.sleep(for: .milliseconds(250))
                return
            }
            var settlement = try await self.services.seats.settle(self.code, rebuild)
            while settlement == .early {
                try await Task.sleep(for: .milliseconds(100))
                settlement = try await self.services.seats.settle(self.code, rebuild)
            }
        }
        self.rebuild = (rebuild, task)
        await task.value
        if self.rebuild?.0 == rebuild { self.rebuild = nil }
    }
}
