import Foundation
import ParlorClient
import Synchronization
import TestSupport
import Testing

/// The server closed instead of saying what was waited for.
struct ClosedBefore: Error {
    var type: String
    var code: CloseCode?
}

/// A socket whose frames are kept, so that a test can wait for one and look at all.
final class Talker: Sendable {
    let socket: ParlorSocket
    private let reader: Task<Void, Never>

    init(_ socket: ParlorSocket) {
        self.socket = socket
        let kept = Keeper()
        keeper = kept
        reader = Task {
            for await frame in socket.frames { kept.keep(frame) }
            kept.end()
        }
    }

    private let keeper: Keeper

    private final class Keeper: Sendable {
        let frames = Mutex<[ParlorFrame]>([])
        let hasEnded = Mutex(false)
        func keep(_ frame: ParlorFrame) { frames.withLock { $0.append(frame) } }
        func end() { hasEnded.withLock { $0 = true } }
    }

    deinit { reader.cancel() }

    var frames: [ParlorFrame] { keeper.frames.withLock { $0 } }

    func frames(_ type: String) -> [ParlorFrame] { frames.filter { $0.type == type } }

    /// Closed, and all that was said before is in `frames`.
    private var hasEnded: Bool { keeper.hasEnded.withLock { $0 } }

    var seqs: [Int] { frames.compactMap(\.entrySeq) }

    /// The first frame of the type that fits; waits for it.
    @discardableResult
    func frame(
        _ type: String, where fits: @Sendable (ParlorFrame) -> Bool = { _ in true }
    ) async throws -> ParlorFrame {
        try await eventually("a frame \(type) comes (closed: \(String(describing: socket.closeCode)))") {
            let isThere = frames.contains { $0.type == type && fits($0) }
            guard !isThere, hasEnded else { return isThere }
            // What it said last may have been kept in between.
            if frames.contains(where: { $0.type == type && fits($0) }) { return true }
            throw ClosedBefore(type: type, code: socket.closeCode)
        }
        return frames.first { $0.type == type && fits($0) }!
    }

    func joined() async throws -> ParlorFrame { try await frame("joined") }

    func send(_ json: JSONValue) async throws { try await socket.send(json) }

    func say(_ text: String, key: String? = nil, id: String? = nil) async throws {
        var frame: [String: JSONValue] = ["type": "message", "content": .string(text)]
        if let key { frame["clientMessageId"] = .string(key) }
        if let id { frame["id"] = .string(id) }
        try await send(.object(frame))
    }

    /// Waits until the server has closed, and all that it said before is kept; its code.
    func closed() async throws -> Int {
        try await eventually("the socket is closed") { hasEnded }
        return socket.closeCode?.rawValue ?? 0
    }
}

/// Waits until the server has closed the socket, and compares the code.
func expect(
    _ talker: Talker, closesWith code: Int, sourceLocation: SourceLocation = #_sourceLocation
) async throws {
    let closed = try await talker.closed()
    #expect(closed == code, sourceLocation: sourceLocation)
}
