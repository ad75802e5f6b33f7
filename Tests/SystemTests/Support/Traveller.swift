import Foundation
import ParlorClient
import Synchronization
import TestSupport

/// A client whose node is drained: it hears when it is to go elsewhere, and goes, without losing its place.
final class Traveller: Sendable {
    private struct State {
        var last = 0
        var faults: [String] = []
        var socket: ParlorSocket?
        /// When it was asked to reconnect.
        var moveAt: ContinuousClock.Instant?
        var closeCode: CloseCode?
        var hasArrived = false
    }

    let person: Person
    let room: TestRoom
    /// Stays until it is put out.
    private let isStubborn: Bool
    private let state = Mutex(State())

    init(_ person: Person, _ room: TestRoom, isStubborn: Bool) {
        self.person = person
        self.room = room
        self.isStubborn = isStubborn
    }

    var last: Int { state.withLock { $0.last } }
    var faults: [String] { state.withLock { $0.faults } }
    var moveAt: ContinuousClock.Instant? { state.withLock { $0.moveAt } }
    var hasArrived: Bool { state.withLock { $0.hasArrived } }
    var isSeated: Bool { state.withLock { $0.socket?.isOpen == true } }

    /// Takes a seat, however often a busy node asks for another try.
    func settle(at node: String) async throws {
        let deadline = ContinuousClock.now + .seconds(120)
        while ContinuousClock.now < deadline {
            if let socket = try await sit(at: node) { return state.withLock { $0.socket = socket } }
            try await Task.sleep(for: .milliseconds(.random(in: 500...1500)))
        }
        throw StackFault(description: "\(person.name) has no seat")
    }

    private func sit(at node: String) async throws -> ParlorSocket? {
        let socket = try await ParlorSocket.connect(
            node, "/ws/\(room.code)", token: .header(person.account.token), options: Self.patient)
        for await frame in socket.frames {
            guard frame.type == "joined", let seq = frame["seq"]?.int else {
                throw StackFault(description: "\(person.name) was told first: \(frame.text)")
            }
            state.withLock { $0.last = seq }
            return socket
        }
        guard socket.closeCode == .unavailable else { throw ParlorClientError.closed(socket.closeCode) }
        return nil
    }

    func leave() async { await state.withLock { $0.socket }?.close() }

    /// Follows the room to its new node and there until cancelled.
    func travel(to next: String) async {
        guard let old = state.withLock({ $0.socket }) else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await listen(to: old) }
            group.addTask { [self] in
                while moveAt == nil, old.isOpen, !Task.isCancelled {
                    try? await Task.sleep(for: .milliseconds(50))
                }
                if isStubborn { await old.closed() }
                if let moveAt, !isStubborn { try? await Task.sleep(until: moveAt) }
                await move(from: old, to: next)
            }
        }
    }

    private static var patient: ParlorSocket.Options {
        var options = ParlorSocket.Options()
        options.connectTimeout = .seconds(60)
        return options
    }

    /// Joins the new node first and leaves the old one then, as one who fears for the seat.
    private func move(from old: ParlorSocket, to next: String) async {
        while !Task.isCancelled {
            // From here on the old socket is not listened to: what it says will be said again.
            let after = state.withLock { state in
                state.socket = nil
                return state.last
            }
            guard
                let socket = try? await ParlorSocket.connect(
                    next, "/ws/\(room.code)?after=\(after)", token: .header(person.account.token),
                    options: Self.patient)
            else { continue }
            state.withLock { $0.socket = socket }
            await listen(to: socket) { await old.close() }
            guard !Task.isCancelled else { return }
            // A loaded node may ask for another try; nothing else is expected.
            if let code = socket.closeCode, code != .unavailable { fault("closed with \(code)") }
            try? await Task.sleep(for: .milliseconds(.random(in: 500...1500)))
        }
    }

    private func listen(to socket: ParlorSocket, onArrival: @Sendable () async -> Void = {}) async {
        for await frame in socket.frames {
            guard state.withLock({ $0.socket === socket }) else { continue }
            switch frame.type {
            case "draining":
                let wait = frame["reconnectAfterMs"]?.int ?? -1
                state.withLock { $0.moveAt = frame.receivedAt + .milliseconds(wait) }
                if wait < 0 { fault("was told \(frame.text)") }
            case "joined":
                if frame["recovered"] != true { fault("was not recovered") }
                state.withLock { $0.hasArrived = true }
                await onArrival()
            default:
                guard let seq = frame.entrySeq else { continue }
                if seq != last + 1 { fault("\(seq) came after \(last)") }
                state.withLock { $0.last = seq }
            }
        }
        if isStubborn, !hasArrived, socket.closeCode != .draining, !Task.isCancelled {
            fault("was put out with \(socket.closeCode.map { "\($0)" } ?? "no code")")
        }
    }

    private func fault(_ what: String) {
        state.withLock { if $0.faults.count < 20 { $0.faults.append("\(person.name): \(what)") } }
    }
}
