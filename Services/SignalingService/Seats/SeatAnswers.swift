import Foundation
import Events
import Identifiers
import Redis

/// What `join` answered.
enum JoinAnswer: Sendable, Equatable {
    struct Seat: Sendable, Equatable {
        var isNew: Bool
        var count: Int
        var record: SeatRecord
        /// A connection of the same user that had to make room, and the node that holds it.
        var replaced: (connection: ConnectionID, node: String)?

        static func == (left: Self, right: Self) -> Bool {
            left.isNew == right.isNew && left.count == right.count && left.record == right.record
                && left.replaced?.connection == right.replaced?.connection
        }
    }

    /// One rebuild of a slot, to be ended by who saw it through.
    struct Rebuild: Sendable, Hashable {
        var since: String
        var run: String
    }

    case joined(Seat)
    case full, missing, ended
    case rebuilding(Rebuild)
}

/// What `leave` answered.
enum LeaveAnswer: Sendable, Equatable {
    case left(SeatChange)
    case updated(SeatChange)
    /// The authority knows no such connection.
    case none
    /// The authority does not know who sits there.
    case unknown
}

/// What `renew` answered.
struct RenewAnswer: Sendable, Equatable {
    var isReady: Bool
    var version: Int64
    var count: Int
    /// Users of ours whose seat is not there.
    var missing: [UserID]
    /// Until the next lease in the room ends, in ms.
    var nextEnd: Int?
}

/// A script's reply in another form than ours: a bug, or keys written by somebody else.
struct SeatReplyError: Error { let script: String }

/// Takes replies apart.
struct SeatReply {
    private let values: [RedisValue]
    private let script: String

    init(_ value: RedisValue, _ script: String) throws(SeatReplyError) {
        guard let values = value.array else { throw SeatReplyError(script: script) }
        self.values = values
        self.script = script
    }

    var count: Int { values.count }

    func text(_ index: Int) throws(SeatReplyError) -> String {
        guard index < values.count, let text = values[index].string else { throw SeatReplyError(script: script) }
        return text
    }

    func number(_ index: Int) throws(SeatReplyError) -> Int {
        guard index < values.count, let number = values[index].int else { throw SeatReplyError(script: script) }
        return number
    }

    func list(_ index: Int) throws(SeatReplyError) -> [RedisValue] {
        guard index < values.count, let list = values[index].array else { throw SeatReplyError(script: script) }
        return list
    }

    func user(_ index: Int) throws(SeatReplyError) -> UserID {
        guard let user = UserID(try text(index)) else { throw SeatReplyError(script: script) }
        return user
    }

    func record(_ index: Int) throws(SeatReplyError) -> SeatRecord {
        guard index < values.count, let bytes = values[index].bytes,
            let record = try? WireJSON.decode(SeatRecord.self, from: bytes)
        else { throw SeatReplyError(script: script) }
        return record
    }

    /// The changes a purge made: users whose lease was over, connections whose node is gone.
    func changes(_ index: Int, count: Int) throws(SeatReplyError) -> [SeatChange] {
        var changes: [SeatChange] = []
        for value in try list(index) {
            let change = try SeatReply(value, script)
            let hasLeft = try change.text(1) == "left"
            changes.append(
                SeatChange(
                    kind: hasLeft ? .left : .updated, userId: try change.user(0), version: Int64(try change.number(2)),
                    record: try? change.record(3), reason: hasLeft ? .timeout : nil, count: count))
        }
        return changes
    }
}
