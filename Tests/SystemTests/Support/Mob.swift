import ParlorClient
import TestSupport

/// Slow, broken and malicious clients, who can be called off.
final class Mob: Sendable {
    enum Kind: CaseIterable, Sendable {
        /// Sends frames of every malformed kind.
        case breaker
        /// Sends more of everything than is allowed.
        case flooder
        /// Reads nothing of what it is told.
        case sleeper
    }

    private let node: Instance
    private let room: TestRoom
    private let raging = Shared<Set<Kind>>([])
    /// How often each kind has come so far.
    private let visits = Shared<[Kind: Int]>([:])

    init(at node: Instance, in room: TestRoom) {
        self.node = node
        self.room = room
    }

    func visits(of kind: Kind) -> Int { visits.now[kind] ?? 0 }

    func rage(_ kinds: Set<Kind>) { raging.change { $0 = kinds } }

    /// Until cancelled.
    func run(_ people: [(Kind, Person)]) async {
        await withTaskGroup(of: Void.self) { group in
            for (kind, person) in people { group.addTask { await self.haunt(kind, person) } }
        }
    }

    private func haunt(_ kind: Kind, _ person: Person) async {
        while !Task.isCancelled {
            if raging.now.contains(kind) {
                // Who is refused, or closed in the middle of it, comes again.
                try? await visit(kind, person)
            }
            // The machine is to have room for the others: what is measured is what the servers let the mob cost them.
            try? await Task.sleep(for: .milliseconds(300))
        }
    }

    private func visit(_ kind: Kind, _ person: Person) async throws {
        let seat = try await Attendee.join(node.url, room.code, as: person.account)
        visits.change { $0[kind, default: 0] += 1 }
        switch kind {
        case .breaker:
            try? await seat.socket.send(raw: SystemTests.HostileClients.attacks.randomElement()?.bytes ?? [])
            _ = try await seat.closeCode()
        case .flooder:
            while seat.socket.isOpen, raging.now.contains(kind) {
                for number in 0..<400 { seat.socket.post(Self.flood(number, to: person)) }
                try await Task.sleep(for: .milliseconds(50))
            }
            await seat.socket.cut()
        case .sleeper:
            await seat.socket.vanish()
            while raging.now.contains(kind), !Task.isCancelled { try await Task.sleep(for: .milliseconds(50)) }
            await seat.socket.cut()
        }
    }

    private static func flood(_ number: Int, to person: Person) -> JSONValue {
        switch number % 4 {
        case 0: ["type": "typing", "isTyping": true]
        case 1: ["type": "ping"]
        case 2: ["type": "message", "content": .string("flood \(number)")]
        default: ["type": "signal", "to": .string(person.id), "data": 1]
        }
    }
}
