import Foundation
import ParlorClient
import Synchronization

/// Follows a room's timeline through sockets that come and go, and notices whatever is not the very next entry.
///
/// Unlike `ParlorSession` it forgives nothing: an entry that comes twice after a resume is a fault too.
final class Reader: Sendable {
    /// What all readers of a room were told, each entry as the first of them heard it.
    final class Record: Sendable {
        private let entries = Mutex<[Int: JSONValue]>([:])

        subscript(seq: Int) -> JSONValue? { entries.withLock { $0[seq] } }

        /// False where another reader was told something else.
        func agrees(_ seq: Int, _ entry: JSONValue) -> Bool {
            entries.withLock { entries in
                guard let known = entries[seq] else {
                    entries[seq] = entry
                    return true
                }
                return known == entry
            }
        }
    }

    private struct State {
        var last: Int
        var faults: [String] = []
        var socket: ParlorSocket?
        var joins = 0
    }

    private let person: Person
    private let room: TestRoom
    private let node: @Sendable () -> String
    private let record: Record
    private let state: Mutex<State>

    /// - Parameters:
    ///   - after: the last entry seen before; 0 for none.
    ///   - node: where to connect, asked each time.
    init(
        _ person: Person, _ room: TestRoom, _ record: Record, after: Int = 0, at node: @escaping @Sendable () -> String
    ) {
        self.person = person
        self.room = room
        self.record = record
        self.node = node
        state = Mutex(State(last: after))
    }

    var last: Int { state.withLock { $0.last } }
    var faults: [String] { state.withLock { $0.faults } }
    /// How often it was let in.
    var joins: Int { state.withLock { $0.joins } }
    var isSeated: Bool { state.withLock { $0.socket?.isOpen == true } }

    /// Breaks the connection without a word.
    func cut() async { await state.withLock { $0.socket }?.cut() }

    /// Reads until cancelled.
    func run() async {
        while !Task.isCancelled {
            let code = await read()
            state.withLock { $0.socket = nil }
            switch code {
            // Cut, killed, restarted, or asked to come again.
            case nil, .unavailable, .draining, .resumeRequired, .rateLimited: break
            case let code?: fault("closed with \(code)")
            }
            // Joins are limited to five a second for each user, which is not what this is about.
            try? await Task.sleep(for: .milliseconds(.random(in: 220...500)))
        }
    }

    /// One socket, from connect to close.
    private func read() async -> CloseCode? {
        let path = "/ws/\(room.code)?after=\(last)"
        guard
            let socket = try? await ParlorSocket.connect(node(), path, token: .header(person.account.token))
        else { return nil }
        state.withLock { $0.socket = socket }
        for await frame in socket.frames { hear(frame) }
        if Task.isCancelled { await socket.close() }
        return socket.closeCode
    }

    private func hear(_ frame: ParlorFrame) {
        if frame.type == "joined" {
            state.withLock { $0.joins += 1 }
            if frame["recovered"] != true { fault("joined after \(last) and was not recovered") }
        }
        guard let seq = frame.entrySeq else { return }
        let last = last
        guard seq == last + 1 else { return fault("\(seq) came after \(last)") }
        state.withLock { $0.last = seq }
        if !record.agrees(seq, frame.json) { fault("entry \(seq) reads otherwise here: \(frame.text)") }
    }

    private func fault(_ what: String) {
        state.withLock { if $0.faults.count < 20 { $0.faults.append("\(person.name): \(what)") } }
    }
}
