import Events
import Foundation
import HTTPSupport
import HTTPTypes
import Identifiers

/// Reads the truth of a room's timeline from the message service.
struct TimelineReader: Sendable {
    let messages: InternalClient
    private let door = Turnstile(width: 32)

    init(messages: InternalClient) { self.messages = messages }

    struct Page: Sendable {
        var head: Int64
        var entries: [LiveEntry]
    }

    struct Live: Sendable {
        var seq: Int64
        /// The newest messages, oldest first, as a JSON array.
        var recent: [UInt8]
    }

    /// Entries after `seq`, oldest first, without a gap.
    func entries(of room: RoomID, after seq: Int64, limit: Int) async throws -> Page {
        let bytes = try await messages.getBytes("/internal/rooms/\(room)/timeline?after=\(seq)&limit=\(limit)")
        guard let object = JSONObject(bytes), let head = object["head"].flatMap(object.integer),
            let items = object["items"].flatMap(object.elements)
        else { throw InternalCallError.unavailable("the timeline cannot be read") }
        var entries: [LiveEntry] = []
        entries.reserveCapacity(items.count)
        var expected = seq + 1
        for item in items {
            guard let entry = LiveEntry(json: Array(object.raw(item))), entry.seq == expected else {
                throw InternalCallError.unavailable("the timeline has a gap after \(expected - 1)")
            }
            entries.append(entry)
            expected += 1
        }
        return Page(head: head, entries: entries)
    }

    /// Where the timeline stands and, for who cannot go on where they were, what was said last; with the room's facts up
    /// to `facts` in it.
    func live(
        _ room: RoomID, facts: Int64, for userId: UserID, _ resume: SocketRequest.Resume
    ) async throws -> Live {
        var path = "/internal/rooms/\(room)/live?facts=\(facts)&user=\(userId)"
        if case .after(let seq) = resume { path += "&after=\(seq)" }
        let bytes = try await door.pass { [path] in try await messages.getBytes(path) }
        guard let object = JSONObject(bytes), let seq = object["seq"].flatMap(object.integer),
            let recent = object["recent"]
        else { throw InternalCallError.unavailable("the timeline cannot be read") }
        return Live(seq: seq, recent: Array(object.raw(recent)))
    }

    func heads(_ rooms: [RoomID]) async throws -> [RoomID: Int64] {
        let answer: InternalAPI.Heads = try await messages.post(
            "/internal/rooms/heads", InternalAPI.HeadsRequest(rooms: rooms))
        var heads: [RoomID: Int64] = [:]
        for (key, head) in answer.heads {
            if let room = RoomID(key) { heads[room] = head }
        }
        return heads
    }

    func markRead(_ room: RoomID, _ userId: UserID, seq: Int64) async throws(InternalCallError) {
        struct Body: Encodable, Sendable { var seq: Int64 }
        try await messages.send(.put, "/internal/rooms/\(room)/read/\(userId)", Body(seq: seq))
    }
}
