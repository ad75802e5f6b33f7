import Events
import Identifiers

/// Who sits in a room, as far as this node knows. Changes carry versions, so that they may come in any order, twice, or
/// not at all (a snapshot then heals). Pure.
struct Roster {
    enum Notice: Equatable {
        case joined(ParticipantView)
        case updated(ParticipantView)
        case left(UserID, PresenceEndReason)
    }

    private(set) var seats: [UserID: SeatRecord] = [:]
    /// Each participant's JSON, made when it is first asked for: everybody who joins a big room reads all of them.
    private var encoded: [UserID: [UInt8]] = [:]
    /// The version at which somebody left, against news that are older.
    private var gone: [UserID: Int64] = [:]
    private static let goneKept = 1000
    /// The newest change known of.
    private(set) var version: Int64 = 0

    /// Takes a change in; answers what sockets are to be told, if it is news.
    mutating func apply(_ change: SeatChange) -> Notice? {
        version = max(version, change.version)
        guard change.version > version(of: change.userId) else { return nil }
        guard change.kind != .left, let record = change.record else {
            return remove(change.userId, version: change.version, reason: change.reason ?? .closed)
        }
        return put(record, for: change.userId)
    }

    /// Takes in what the authority knows; answers what the sockets missed.
    ///
    /// - Parameter held: who sits here on this node. Where the authority does not know of them it lost them, and is told
    ///   again with the next renewal.
    mutating func replace(with snapshot: SeatStore.Snapshot, held: Set<UserID> = []) -> [Notice] {
        version = max(version, snapshot.version)
        var notices: [Notice] = []
        for (userId, record) in snapshot.seats where record.version > version(of: userId) {
            if let notice = put(record, for: userId) { notices.append(notice) }
        }
        let unknown = seats.filter { snapshot.seats[$0.key] == nil && !held.contains($0.key) }
        for (userId, record) in unknown where record.version <= snapshot.version {
            if let notice = remove(userId, version: snapshot.version, reason: .timeout) { notices.append(notice) }
        }
        return notices
    }

    /// Everybody, longest seated first.
    var participants: [ParticipantView] {
        seats.sorted { ($0.value.joinedAt, $0.key) < ($1.value.joinedAt, $1.key) }.map { $1.participant($0) }
    }

    /// A participant's JSON; empty for who sits not here.
    mutating func json(of userId: UserID) -> [UInt8] {
        if let known = encoded[userId] { return known }
        guard let record = seats[userId], let json = try? WireJSON.encode(record.participant(userId)) else { return [] }
        encoded[userId] = json
        return json
    }

    /// Everybody as a JSON array, longest seated first.
    mutating func participantsJSON() -> [UInt8] {
        let order = seats.map { (since: $0.value.joinedAt, user: $0.key) }.sorted {
            ($0.since, $0.user) < ($1.since, $1.user)
        }
        var json: [UInt8] = [UInt8(ascii: "[")]
        json.reserveCapacity(order.count * 256)
        for (index, seat) in order.enumerated() {
            if index > 0 { json.append(UInt8(ascii: ",")) }
            json += self.json(of: seat.user)
        }
        json.append(UInt8(ascii: "]"))
        return json
    }

    /// Whether a socket of the room is held elsewhere.
    func hasOthers(than node: String) -> Bool {
        seats.values.contains { $0.connections.values.contains { $0.node != node } }
    }

    func connections(of userId: UserID) -> [String: SeatRecord.Connection] { seats[userId]?.connections ?? [:] }

    func owner(of connection: ConnectionID) -> UserID? {
        let key = connection.description
        return seats.first { $0.value.connections[key] != nil }?.key
    }

    /// A connection says what it is sending; the authority gives the change its version later.
    ///
    /// - Parameter changes: how often it has changed now; one more than before where nothing is given.
    /// - Returns: the connection after the change; `nil` where it is not known, or newer is known of it.
    @discardableResult
    mutating func note(
        _ media: MediaState, of connection: ConnectionID, of userId: UserID, changes: Int? = nil
    ) -> SeatRecord.Connection? {
        let key = connection.description
        guard var known = seats[userId]?.connections[key] else { return nil }
        let changes = changes ?? (known.mediaChanges ?? 0) + 1
        guard changes > known.mediaChanges ?? 0 else { return nil }
        known.media = media
        known.mediaChanges = changes
        seats[userId]?.connections[key] = known
        encoded[userId] = nil
        return known
    }

    /// A change as it is known here, where more is known than it says.
    func completed(_ change: SeatChange) -> SeatChange {
        guard change.kind != .left, let known = seats[change.userId], change.record != nil else { return change }
        var change = change
        change.record?.keepNewerMedia(of: known)
        return change
    }

    private func version(of userId: UserID) -> Int64 { seats[userId]?.version ?? gone[userId] ?? 0 }

    private mutating func put(_ record: SeatRecord, for userId: UserID) -> Notice? {
        var record = record
        if let known = seats[userId] { record.keepNewerMedia(of: known) }
        let old = seats.updateValue(record, forKey: userId)
        gone[userId] = nil
        encoded[userId] = nil
        let view = record.participant(userId)
        guard let old else { return .joined(view) }
        return old.participant(userId).connections == view.connections ? nil : .updated(view)
    }

    private mutating func remove(_ userId: UserID, version: Int64, reason: PresenceEndReason) -> Notice? {
        if gone.count >= Self.goneKept { gone.removeAll() }
        gone[userId] = version
        encoded[userId] = nil
        return seats.removeValue(forKey: userId) == nil ? nil : .left(userId, reason)
    }
}
