import Events
import Foundation
import Identifiers
import NIOCore
import Redis
import ServiceSupport

/// Seats: taken, shared, renewed, registered again, given back.
extension LiveRoom {
    /// Takes a seat for a connection; throws the close code of a refusal.
    func takeSeat(_ occupant: SeatStore.Occupant, _ connection: ConnectionID) async throws -> JoinAnswer.Seat {
        var hasRefilled = false, isNew = false
        let deadline = ContinuousClock.now + .seconds(3)
        while true {
            let asked = ContinuousClock.now
            let (answer, changes): (JoinAnswer, [SeatChange])
            do { (answer, changes) = try await services.seats.join(code, occupant, connection) } catch {
                // It may have been given, and the answer lost: nobody would sit there for a lease.
                giveBack(connection, of: occupant.userId, .closed)
                throw error
            }
            announce(changes)
            switch answer {
            case .full: throw Refusal(.roomFull)
            case .ended: throw Refusal(.roomEnded)
            case .missing:
                guard !hasRefilled else { throw Refusal(.unavailable, "the room's object cannot be had") }
                hasRefilled = true
                try await services.rooms.refill(code)
            case .rebuilding(let rebuild):
                guard .now < deadline else { throw Refusal(.unavailable, "seats are being rebuilt") }
                await seeThrough(rebuild)
            case .joined(var seat):
                isNew = isNew || seat.isNew
                if let replaced = seat.replaced { replace(replaced.connection, at: replaced.node) }
                if let registeredAt, registeredAt >= asked {
                    // Seats were registered anew since, without this one: it may be of a Redis that has lost it.
                    guard .now < deadline else {
                        giveBack(connection, of: occupant.userId, .closed)
                        throw Refusal(.unavailable, "seats are being rebuilt")
                    }
                    continue
                }
                seat.isNew = isNew
                if holding.isEmpty { confirmedUntil = asked + SeatStore.lease }
                holding[connection] = occupant.userId
                announce([
                    SeatChange(
                        kind: seat.isNew ? .joined : .updated, userId: occupant.userId, version: seat.record.version,
                        record: seat.record, reason: nil, count: seat.count)
                ])
                return seat
            }
        }
    }

    private func replace(_ connection: ConnectionID, at node: String) {
        if node == services.node {
            holding[connection] = nil
            attached[connection]?.socket.close(.replaced)
        } else {
            services.relay.send(.close(connection, .replaced), to: .node(node), of: code)
        }
    }

    /// A connection of ours was pushed out by a newer one elsewhere.
    func replaced(_ connection: ConnectionID) {
        holding[connection] = nil
        attached[connection]?.socket.close(.replaced)
    }

    /// Gives a connection's share of the seat back and tells who remains.
    func free(_ connection: ConnectionID, of userId: UserID, _ departure: Departure) {
        let isHeld = holding.removeValue(forKey: connection) != nil
        if !holding.values.contains(userId) {
            allowances[userId] = nil
            refusedTexts[userId] = nil
        }
        guard isHeld, departure != .replaced else { return }
        giveBack(connection, of: userId, departure)
    }

    private func giveBack(_ connection: ConnectionID, of userId: UserID, _ departure: Departure) {
        unheardDepartures.append((userId, connection, departure))
        Background.run("leave", deadline: .seconds(10), logger: services.logger) {
            await self.tellDepartures(of: connection)
        }
    }

    /// Frees the seat, and only then closes the socket that said goodbye.
    func bye(_ connection: ConnectionID, id: FrameID?) {
        guard let each = attached.removeValue(forKey: connection) else { return }
        forgetGroups()
        holding[connection] = nil
        unheardDepartures.append((each.userId, connection, .bye))
        Background.run("bye", deadline: .seconds(10), logger: services.logger) {
            await self.tellDepartures(of: connection)
            if let id { each.socket.post(ServerFrame.ack(id: id)) }
            each.socket.close(.normal)
        }
    }

    /// Tells the authority of departures it has not heard of; all of them, or one connection's.
    func tellDepartures(of connection: ConnectionID? = nil) async {
        for (userId, gone, departure) in unheardDepartures where connection == nil || gone == connection {
            do {
                let answer = try await services.seats.leave(
                    code, userId, gone, reason: PresenceEndReason(departure), keepsSeat: departure == .drained)
                // Told again later where seats are being rebuilt: somebody may just be registering this one.
                if answer != .unknown { unheardDepartures.removeAll { $0.1 == gone } }
                switch answer {
                case .left(let change), .updated(let change): announce([change])
                case .none: resync()
                case .unknown: announceUnheard(userId, gone, departure)
                }
            } catch {
                // The authority is away. Those here are told; the seat's lease ends by itself, or with the next
                // renewal.
                announceUnheard(userId, gone, departure)
                return
            }
        }
    }

    /// Tells of a departure that the authority did not confirm.
    private func announceUnheard(_ userId: UserID, _ connection: ConnectionID, _ departure: Departure) {
        guard departure != .drained, var record = roster.seats[userId],
            record.connections.removeValue(forKey: connection.description) != nil
        else { return }
        record.version += 1
        let hasLeft = record.connections.isEmpty
        announce([
            SeatChange(
                kind: hasLeft ? .left : .updated, userId: userId, version: record.version, record: record,
                reason: hasLeft ? PresenceEndReason(departure) : nil,
                count: roster.seats.count - (hasLeft ? 1 : 0))
        ])
    }

    // MARK: - Presence

    /// Takes changes in that this node caused, tells its sockets, the other nodes and the world.
    func announce(_ changes: [SeatChange]) {
        guard !changes.isEmpty else { return }
        take(changes)
        services.relay.publish(changes.map(roster.completed), in: RoomRef(id: id, code: code))
    }

    /// Takes changes in and tells the sockets here what is news.
    func take(_ changes: [SeatChange]) {
        for change in changes {
            if let notice = roster.apply(change) { tell(notice) }
        }
    }

    private func tell(_ notice: Roster.Notice) {
        switch notice {
        case .joined(let view): tell("user_joined", view)
        case .updated(let view): tell("participant_updated", view)
        case .left(let userId, let reason): send(ServerFrame.userLeft(userId, reason), exceptUser: userId)
        }
    }

    private func tell(_ type: StaticString, _ view: ParticipantView) {
        // A connection that just came reads about itself in `joined`, not here.
        guard !attached.isEmpty else { return }
        send(ServerFrame.notice(type, "participant", json: roster.json(of: view.userId)))
    }

    /// Events may have been missed: reads who sits here from the authority, and tells that.
    func resync() {
        members = [:]
        doubtFacts()
        guard !isResyncing else { return }
        isResyncing = true
        Background.run("resync", deadline: .seconds(10), logger: services.logger) { await self.resyncNow() }
    }

    private func resyncNow() async {
        defer { isResyncing = false }
        guard let snapshot = try? await services.seats.snapshot(code) else { return }
        for notice in roster.replace(with: snapshot, held: Set(holding.values)) { tell(notice) }
    }

    /// Name or role changed: sockets read it in the entry, later comers in `joined`.
    func note(_ member: MemberView) {
        guard roster.seats[member.userId] != nil, holding.values.contains(member.userId) else { return }
        let occupant = SeatStore.Occupant(userId: member.userId, name: member.displayName, role: member.role)
        Background.run("note a member", deadline: .seconds(5), logger: services.logger) {
            if let change = try await self.services.seats.note(occupant, self.code) { await self.announce([change]) }
        }
    }
}

extension PresenceEndReason {
    init(_ departure: Departure) {
        switch departure {
        case .bye: self = .bye
        case .closed, .replaced, .drained: self = .closed
        case .timeout: self = .timeout
        case .removed: self = .removed
        }
    }
}

/// Why a socket is not let in.
struct Refusal: Error {
    let code: CloseCode
    /// For logs.
    let detail: String?

    init(_ code: CloseCode, _ detail: String? = nil) {
        self.code = code
        self.detail = detail
    }
}
