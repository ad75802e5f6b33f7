/// Which nodes are alive, as far as this one has heard. Pure: the caller brings the time.
///
/// A node is `place/life`: where it listens, and which of its lives. A newer life at the same place proves the older
/// dead, since only one process can listen there.
struct Peers: Sendable {
    /// For how long a silent node may still hold seats: a lease, and a little.
    static let memory: Duration = .seconds(32)

    private var heard: [String: (life: String, at: ContinuousClock.Instant)] = [:]
    private let own: String

    init(own: String) { self.own = own }

    mutating func hear(from node: String, at now: ContinuousClock.Instant) {
        guard node != own, let (place, life) = Self.parts(node) else { return }
        // Lives are named so that a later one is greater.
        if let known = heard[place], known.life > life { return }
        heard[place] = (life, now)
    }

    mutating func forget(_ node: String) {
        guard let (place, life) = Self.parts(node), heard[place]?.life == life else { return }
        heard[place] = nil
    }

    /// Nodes that may hold seats, but this one.
    mutating func living(at now: ContinuousClock.Instant) -> Set<String> {
        heard = heard.filter { now - $0.value.at < Self.memory }
        let ownPlace = Self.parts(own)?.place
        return Set(heard.filter { $0.key != ownPlace }.map { "\($0.key)/\($0.value.life)" })
    }

    private static func parts(_ node: String) -> (place: String, life: String)? {
        guard let slash = node.lastIndex(of: "/") else { return nil }
        return (String(node[..<slash]), String(node[node.index(after: slash)...]))
    }
}

/// The answers a question to all living nodes still waits for. Pure.
struct SeatQuestion: Sendable {
    private(set) var awaited: Set<String>

    init(awaited: Set<String>) { self.awaited = awaited }

    /// True once everybody has answered.
    var isAnswered: Bool { awaited.isEmpty }

    mutating func answer(from node: String) { awaited.remove(node) }
}
