import Events
import Foundation
import Identifiers
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// The rooms with sockets on this node, and their upkeep.
final class Hub: Service {
    /// Rooms without sockets are let go at the second look, so that a reconnect finds them warm.
    private static let look: Duration = .seconds(5)
    /// How often the tails of all rooms are compared while the broker is there, and while it is away.
    private static let tailCheck = (present: Duration.seconds(20), away: Duration.milliseconds(700))

    private struct Entry {
        var room: LiveRoom
        /// Joins under way: the room must not go while somebody is at its door.
        var users = 0
        var wasIdle = false
    }

    private let services: RoomServices
    private let feed: LiveFeed
    private let entries = Mutex<[RoomCode: Entry]>([:])

    init(services: RoomServices, feed: LiveFeed) {
        self.services = services
        self.feed = feed
    }

    var rooms: [LiveRoom] { entries.withLock { $0.values.map(\.room) } }

    func room(_ code: RoomCode) -> LiveRoom? { entries.withLock { $0[code]?.room } }

    /// Runs `body` with the room open.
    /// - Parameter loop: where a room that is not open yet will live.
    func withRoom<T: Sendable>(
        _ ref: RoomRef, on loop: any EventLoop, _ body: (LiveRoom) async throws -> T
    ) async throws -> T {
        let (room, isNew) = entries.withLock { entries in
            let isNew = entries[ref.code] == nil
            var entry =
                entries[ref.code]
                ?? Entry(room: LiveRoom(code: ref.code, id: ref.id, loop: loop, services: services))
            entry.users += 1
            entry.wasIdle = false
            entries[ref.code] = entry
            return (entry.room, isNew)
        }
        if isNew { services.leases.add(room) }
        defer { entries.withLock { $0[ref.code]?.users -= 1 } }
        let feed = feed
        try await room.open { await feed.bind(room: ref.code) }
        return try await body(room)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            await withTaskGroup(of: Void.self) { group in
                group.addTask {
                    while !Task.isCancelled {
                        try? await Task.sleep(for: Self.look)
                        await self.letIdleRoomsGo()
                    }
                }
                group.addTask {
                    while !Task.isCancelled {
                        let isPresent = self.feed.isConnected
                        try? await Task.sleep(for: isPresent ? Self.tailCheck.present : Self.tailCheck.away)
                        await self.compareHeads()
                    }
                }
            }
        }
    }

    private func letIdleRoomsGo() async {
        for room in rooms where await letGo(room) {
            services.leases.remove(room)
            await feed.unbind(room: room.code)
        }
    }

    /// On the room's own loop nobody can come or go meanwhile.
    private func letGo(_ room: LiveRoom) async -> Bool {
        await room.whileIdle { isIdle in
            self.entries.withLock { entries in
                guard let entry = entries[room.code], entry.room === room else { return false }
                guard isIdle, entry.users == 0, entry.wasIdle else {
                    entries[room.code]?.wasIdle = isIdle
                    return false
                }
                entries[room.code] = nil
                return true
            }
        }
    }

    /// Compares the heads of all rooms with the timeline's: the tail is a hole too.
    /// - Returns: false where the timeline could not be asked.
    @discardableResult
    func compareHeads() async -> Bool {
        let rooms = rooms
        for start in stride(from: 0, to: rooms.count, by: 500) {
            let part = rooms[start..<min(start + 500, rooms.count)]
            guard let heads = try? await services.timeline.heads(part.map(\.id)) else { return false }
            for room in part {
                if let head = heads[room.id] { await room.observe(head: head) }
            }
        }
        return true
    }

    /// How the sessions of all rooms stand: what changed while nothing was heard is told to the sockets.
    /// - Returns: false where the room service could not be asked.
    func readSessions() async -> Bool {
        let rooms = rooms
        for start in stride(from: 0, to: rooms.count, by: 500) {
            let part = Dictionary(rooms[start..<min(start + 500, rooms.count)].map { ($0.id, $0) }) { first, _ in first
            }
            guard let sessions = try? await services.rooms.sessions(of: Array(part.keys)) else { return false }
            for item in sessions { await part[item.roomUuid]?.read(item.session, facts: item.facts) }
        }
        return true
    }

    /// The broker is there again. Who sits where is read anew: presence is not repeated by it.
    func resync() async {
        await feed.afterSilence {
            for room in rooms { await room.resync() }
        }
    }
}

extension LiveRoom {
    func whileIdle(_ body: (Bool) -> Bool) -> Bool { body(isIdle) }
}
