import ParlorClient
import Synchronization

/// Full rooms with a crowd before each, which comes and goes by whatever node is there.
final class Siege: Sendable {
    private struct State {
        var isTurningOver = true
        var joins = 0
        /// Who sits where, as the clients see it: by room, then user, the node.
        var seated: [String: [String: Int]] = [:]
        var peaks: [String: Int] = [:]
        var refusals: [Int: Int] = [:]
        var endings: [Int: Int] = [:]
        /// A node whose guests do not come back.
        var abandoned: Int?
    }

    let nodes: [String]
    let witness = SeatWitness()
    private let state = Mutex(State())

    /// - Parameter nodes: signaling instances.
    init(nodes: [String]) { self.nodes = nodes }

    /// How often somebody was let in.
    var joins: Int { state.withLock { $0.joins } }
    /// The codes of those who were not let in, each with how often; 0 where there was no answer.
    var refusals: [Int: Int] { state.withLock { $0.refusals } }
    func refusals(_ code: CloseCode) -> Int { state.withLock { $0.refusals[code.rawValue] ?? 0 } }
    /// The codes with which seats ended that were not given up; 0 for a connection that broke.
    var endings: [Int: Int] { state.withLock { $0.endings } }

    /// Whether those who sit go after a while. From now on they may be told to stay.
    var isTurningOver: Bool {
        get { state.withLock { $0.isTurningOver } }
        set { state.withLock { $0.isTurningOver = newValue } }
    }

    func seats(of room: String, at node: Int? = nil) -> Int {
        state.withLock { ($0.seated[room] ?? [:]).values.filter { node == nil || $0 == node }.count }
    }

    /// The most seats that were taken at one time, as the clients saw it.
    func peak(of room: String) -> Int { state.withLock { $0.peaks[room] ?? 0 } }

    /// Who sits at a node when it dies does not come back.
    func abandon(_ node: Int) { state.withLock { $0.abandoned = node } }

    func isAbandoned(_ node: Int) -> Bool { state.withLock { $0.abandoned == node } }

    func tookSeat(_ user: String, in room: String, at node: Int) {
        state.withLock { state in
            state.joins += 1
            state.seated[room, default: [:]][user] = node
            state.peaks[room] = max(state.peaks[room] ?? 0, state.seated[room]?.count ?? 0)
        }
    }

    func leftSeat(_ user: String, in room: String, _ code: CloseCode?, ownWill: Bool) {
        state.withLock { state in
            state.seated[room]?[user] = nil
            if !ownWill { state.endings[code?.rawValue ?? 0, default: 0] += 1 }
        }
    }

    func refused(_ code: CloseCode?) { state.withLock { $0.refusals[code?.rawValue ?? 0, default: 0] += 1 } }
}

/// One of the crowd: tries to get in, stays a while, goes in one way or another, tries again.
struct Besieger: Sendable {
    private struct Visit {
        var isOver = false
        var from: ContinuousClock.Instant?
        /// The sending of the last ping that was answered.
        var until: ContinuousClock.Instant?
        var sent: [Int: ContinuousClock.Instant] = [:]
        var hasLeft = false
    }

    let person: Person
    let room: TestRoom
    let siege: Siege

    /// Between two pings of who sits.
    private static let pause: Duration = .milliseconds(300)

    func run() async {
        while !Task.isCancelled {
            let node = siege.nodes.indices.randomElement() ?? 0
            let wasSeated = await visit(node)
            if wasSeated, siege.isAbandoned(node) { return }
            try? await Task.sleep(for: .milliseconds(.random(in: 5000...10_000)))
        }
    }

    /// - Returns: whether there was a seat.
    private func visit(_ node: Int) async -> Bool {
        guard
            let socket = try? await ParlorSocket.connect(
                siege.nodes[node], "/ws/\(room.code)", token: .header(person.account.token))
        else {
            siege.refused(nil)
            return false
        }
        let visit = Shared(Visit())
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                for await frame in socket.frames { hear(frame, visit, node) }
                visit.change { $0.isOver = true }
            }
            group.addTask { await remain(on: socket, visit) }
            await group.next()
            group.cancelAll()
        }
        await socket.cut()
        let last = visit.now
        guard let from = last.from else {
            if !Task.isCancelled { siege.refused(socket.closeCode) }
            return false
        }
        siege.leftSeat(person.id, in: room.code, socket.closeCode, ownWill: last.hasLeft || Task.isCancelled)
        if let until = last.until {
            siege.witness.note(.init(room: room.code, user: person.id, from: from, until: until))
        }
        return true
    }

    private func hear(_ frame: ParlorFrame, _ visit: Shared<Visit>, _ node: Int) {
        switch frame.type {
        case "joined":
            visit.change { $0.from = frame.receivedAt }
            siege.tookSeat(person.id, in: room.code, at: node)
        case "pong":
            guard let id = frame["id"]?.int else { return }
            visit.change { $0.until = $0.sent.removeValue(forKey: id) ?? $0.until }
        default: break
        }
    }

    /// Shows regularly that the seat is still held, until it is time to go, or to wait for the door to open or close.
    private func remain(on socket: ParlorSocket, _ visit: Shared<Visit>) async {
        let stay = Duration.milliseconds(.random(in: 2000...5000))
        var ping = 0
        while !Task.isCancelled, !visit.now.isOver {
            if let from = visit.now.from {
                if siege.isTurningOver, .now - from > stay { return await leave(socket, visit) }
                ping += 1
                visit.change { $0.sent[ping] = .now }
                socket.post(["type": "ping", "id": .integer(ping)])
            }
            try? await Task.sleep(for: Self.pause)
        }
    }

    private func leave(_ socket: ParlorSocket, _ visit: Shared<Visit>) async {
        visit.change { $0.hasLeft = true }
        switch Int.random(in: 0..<3) {
        case 0:
            socket.post(["type": "bye"])
            await socket.closed()
        case 1: await socket.close()
        default: await socket.cut()
        }
    }
}
