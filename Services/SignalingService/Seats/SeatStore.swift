import Events
import Foundation
import Identifiers
import Redis

/// The seat authority: each call is one atomic script on the room's slot.
///
/// Errors are Redis's: where it is away nobody gets a seat.
struct SeatStore: Sendable {
    /// How long a seat stays without a renewal. A little less than the promised 30 s, so that a dead node's seats are
    /// freed, and the others told, within them.
    static let lease: Duration = .milliseconds(29_500)
    /// Sockets of one user that share a seat.
    static let connectionsPerUser = 5

    let redis: RedisClient
    /// `place/life`: where the node listens, and which of its lives this is.
    let node: String
    /// What the scripts are told of how long Redis has been there.
    var contact = RedisContact()

    struct Occupant: Sendable, Equatable {
        var userId: UserID
        var name: String
        var role: MemberRole
    }

    func join(
        _ code: RoomCode, _ occupant: Occupant, _ connection: ConnectionID
    ) async throws -> (answer: JoinAnswer, changes: [SeatChange]) {
        let value = try await evaluate(
            SeatScripts.join, code,
            [
                occupant.userId.description, connection.description, node, occupant.name, occupant.role.rawValue,
                Self.connectionsPerUser,
            ])
        let reply = try SeatReply(value, "join")
        switch try reply.text(0) {
        case "missing": return (.missing, [])
        case "ended": return (.ended, [])
        case "rebuilding": return (.rebuilding(.init(since: try reply.text(1), run: try reply.text(2))), [])
        case "full": return (.full, try reply.changes(1, count: try reply.number(2)))
        default:
            let count = try reply.number(2)
            let replaced = try SeatReply(.array(try reply.list(6)), "join")
            let seat = JoinAnswer.Seat(
                isNew: try reply.text(1) == "1", count: count, record: try reply.record(4),
                replaced: replaced.count == 2
                    ? ConnectionID(try replaced.text(0)).map { ($0, (try? replaced.text(1)) ?? "") } : nil)
            return (.joined(seat), try reply.changes(5, count: count))
        }
    }

    /// Whether the room has no seat for somebody who does not sit there; false where only `join` can tell.
    func isFull(_ code: RoomCode, for userId: UserID) async throws -> Bool {
        try await evaluate(SeatScripts.full, code, [userId.description]).string == "1"
    }

    /// - Parameter keepsSeat: leaves the seat taken for one more lease.
    func leave(
        _ code: RoomCode, _ userId: UserID, _ connection: ConnectionID, reason: PresenceEndReason, keepsSeat: Bool
    ) async throws -> LeaveAnswer {
        let value = try await evaluate(
            SeatScripts.leave, code, [userId.description, connection.description, keepsSeat ? "1" : "0"])
        let reply = try SeatReply(value, "leave")
        let kind: SeatChange.Kind
        switch try reply.text(0) {
        case "none": return .none
        case "unknown": return .unknown
        case "left": kind = .left
        default: kind = .updated
        }
        let change = SeatChange(
            kind: kind, userId: userId, version: Int64(try reply.number(2)), record: try reply.record(3),
            reason: kind == .left ? reason : nil, count: try reply.number(1))
        return kind == .left ? .left(change) : .updated(change)
    }

    /// The command that renews a node's seats in a room; to be sent in a pipeline with others.
    func renewal(_ code: RoomCode, _ users: [UserID]) -> RedisCommand {
        RedisCommand(
            evaluating: SeatScripts.renew, keys: SeatKeys(code).all,
            arguments: prefix + [node] + users.map { $0.description as any RedisArgument })
    }

    /// The command that takes out whose lease is over.
    func sweep(_ code: RoomCode) -> RedisCommand {
        RedisCommand(evaluating: SeatScripts.renew, keys: SeatKeys(code).all, arguments: prefix + [""])
    }

    static func renewed(_ value: RedisValue) throws -> (answer: RenewAnswer, changes: [SeatChange]) {
        let reply = try SeatReply(value, "renew")
        let count = try reply.number(2)
        let answer = RenewAnswer(
            isReady: try reply.text(0) == "1", version: Int64(try reply.number(1)), count: count,
            missing: try reply.list(3).compactMap { $0.string.flatMap { UserID($0) } }, nextEnd: try? reply.number(5))
        return (answer, try reply.changes(4, count: count))
    }

    /// Says who sits here. Answers who is refused because others were let in meanwhile; `nil` where the room's object
    /// is missing and nobody can say how many may sit.
    func register(
        _ code: RoomCode, _ records: [(UserID, SeatRecord)]
    ) async throws -> (refused: [UserID], count: Int, run: String)? {
        var arguments: [any RedisArgument] = [node]
        for (userId, record) in records {
            let own = record.connections.filter { $0.value.node == node }
            arguments +=
                [userId.description, record.name, record.role.rawValue, record.joinedAt] as [any RedisArgument]
            arguments.append(try WireJSON.encode(own))
        }
        let reply = try SeatReply(try await evaluate(SeatScripts.register, code, arguments), "register")
        guard try reply.text(0) == "registered" else { return nil }
        let refused = try reply.list(3).compactMap { $0.string.flatMap { UserID($0) } }
        return (refused, try reply.number(2), try reply.text(4))
    }

    enum Settlement: String, Sendable { case ready, early, stale }

    func settle(_ code: RoomCode, _ rebuild: JoinAnswer.Rebuild) async throws -> Settlement {
        let value = try await evaluate(SeatScripts.settle, code, [rebuild.since, rebuild.run])
        guard let settlement = value.string.flatMap(Settlement.init) else { throw SeatReplyError(script: "settle") }
        return settlement
    }

    struct Snapshot: Sendable, Equatable {
        var version: Int64
        var count: Int
        var seats: [UserID: SeatRecord]
    }

    func snapshot(_ code: RoomCode) async throws -> Snapshot {
        let reply = try SeatReply(try await evaluate(SeatScripts.snapshot, code, []), "snapshot")
        var seats: [UserID: SeatRecord] = [:]
        for index in stride(from: 2, to: reply.count, by: 2) {
            seats[try reply.user(index)] = try reply.record(index + 1)
        }
        return Snapshot(version: Int64(try reply.number(0)), count: try reply.number(1), seats: seats)
    }

    /// - Parameter changes: how often the connection's media has changed; fewer than are known change nothing.
    func note(
        _ media: MediaState, changes: Int, _ code: RoomCode, _ userId: UserID, _ connection: ConnectionID
    ) async throws -> SeatChange? {
        try await describe(
            code, userId, ["media", connection.description, try WireJSON.encode(media), changes])
    }

    func note(_ occupant: Occupant, _ code: RoomCode) async throws -> SeatChange? {
        try await describe(code, occupant.userId, ["member", occupant.name, occupant.role.rawValue])
    }

    /// Remembers that the rooms have seats until then, for who sweeps after this node; `nil` forgets them.
    func index(_ codes: [RoomCode], for time: Duration? = Self.lease) async throws {
        guard !codes.isEmpty else { return }
        let names = codes.map { $0.description as any RedisArgument }
        _ = try await redis.evaluate(
            SeatScripts.index, keys: [SeatKeys.index], arguments: [time?.wholeMilliseconds ?? -1] + names)
    }

    /// Rooms whose last known lease is over. Asking also keeps the contact.
    func abandoned(limit: Int) async throws -> [RoomCode] {
        let asked = ContinuousClock.now
        let value = try await redis.evaluate(SeatScripts.abandoned, keys: [SeatKeys.index], arguments: [limit])
        let reply = try SeatReply(value, "abandoned")
        contact.heard(Int64(try reply.number(0)), asked: asked)
        return try reply.list(1).compactMap { $0.string.flatMap { RoomCode($0) } }
    }

    /// The room's ids, as its object has them.
    func reference(_ code: RoomCode) async throws -> RoomRef? {
        struct Object: Decodable { var id: RoomID }
        let value = try await redis.send(RedisCommand("GET", SeatKeys(code).all[0]))
        return try value.bytes.map { RoomRef(id: try WireJSON.decode(Object.self, from: $0).id, code: code) }
    }

    private func describe(
        _ code: RoomCode, _ userId: UserID, _ what: [any RedisArgument]
    ) async throws -> SeatChange? {
        let value = try await evaluate(SeatScripts.describe, code, [userId.description] + what)
        let reply = try SeatReply(value, "describe")
        guard try reply.text(0) == "updated" else { return nil }
        return SeatChange(
            kind: .updated, userId: userId, version: Int64(try reply.number(2)), record: try reply.record(3),
            reason: nil, count: try reply.number(1))
    }

    /// What every script's arguments begin with.
    private var prefix: [any RedisArgument] {
        let (since, heard) = contact.span
        return [Self.lease.wholeMilliseconds, since, heard]
    }

    private func evaluate(
        _ script: RedisScript, _ code: RoomCode, _ arguments: [any RedisArgument]
    ) async throws(RedisError) -> RedisValue {
        try await redis.evaluate(script, keys: SeatKeys(code).all, arguments: prefix + arguments)
    }
}
