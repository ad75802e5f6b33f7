import Synchronization

/// What can be said for certain, from outside, about who held a seat when.
///
/// A stay counts from the moment its `joined` had come, so that the seat had been given before, until the last moment of
/// which it is known that the server heard the client in the room after it: the sending of the last ping that was answered.
/// Both ends err to the same side. However late anything comes, what is counted was held: more users at one moment than
/// there are seats are a fault. A fault that lasts longer than the way of a ping and the pause between two is seen.
final class SeatWitness: Sendable {
    struct Stay: Sendable {
        var room: String
        var user: String
        var from: ContinuousClock.Instant
        var until: ContinuousClock.Instant
    }

    /// The most users who held seats of a room at one moment.
    struct Crowd: Sendable {
        var users: Set<String> = []
        var at: ContinuousClock.Instant?
    }

    private let stays = Mutex<[Stay]>([])

    func note(_ stay: Stay) { stays.withLock { $0.append(stay) } }

    var count: Int { stays.withLock { $0.count } }

    func crowds() -> [String: Crowd] {
        Dictionary(grouping: stays.withLock { $0 }, by: \.room).mapValues(Self.crowd)
    }

    private static func crowd(_ stays: [Stay]) -> Crowd {
        let changes = stays.flatMap {
            [(at: $0.from, isComing: true, $0.user), (at: $0.until, isComing: false, $0.user)]
        }
        var most = Crowd(), now: [String: Int] = [:]
        // Who goes at a moment goes before who comes.
        for (at, isComing, user) in changes.sorted(by: { ($0.at, $0.isComing ? 1 : 0) < ($1.at, $1.isComing ? 1 : 0) })
        {
            let sockets = now[user, default: 0] + (isComing ? 1 : -1)
            now[user] = sockets > 0 ? sockets : nil
            if now.count > most.users.count { most = Crowd(users: Set(now.keys), at: at) }
        }
        return most
    }
}
