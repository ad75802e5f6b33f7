import DequeModule
import Identifiers

/// What waits to be written, room by room. Pure.
///
/// Each room has one thing under way: it is handed out with what is next there, and stays out until it is freed.
struct RoomLines<Messages: Sendable, Change: Sendable>: Sendable {
    private enum Work: Sendable {
        case messages(Messages, count: Int)
        case change(Change)
    }

    private struct Line: Sendable {
        var works: Deque<Work> = []
        var isOut = false

        /// How many messages are next; nil where it is a change, or nothing.
        var next: Int? { if case .messages(_, let count) = works.first { count } else { nil } }
    }

    private var lines: [RoomID: Line] = [:]
    /// Rooms that are not out, by what is next there; the one that waits longest comes first.
    private var withMessages: Deque<RoomID> = []
    private var withChange: Deque<RoomID> = []
    /// Messages and changes that nobody has taken.
    private(set) var waiting = 0

    var hasMessages: Bool { !withMessages.isEmpty }
    /// How many changes can be taken now.
    var changes: Int { withChange.count }

    mutating func append(_ messages: Messages, count: Int, to room: RoomID) {
        append(.messages(messages, count: count), of: count, to: room)
    }

    mutating func append(_ change: Change, to room: RoomID) {
        append(.change(change), of: 1, to: room)
    }

    /// The messages that are next in their rooms, at most `limit`; but what came together stays together.
    mutating func takeMessages(limit: Int) -> (rooms: [RoomID], messages: [Messages]) {
        var (rooms, taken, total): ([RoomID], [Messages], Int) = ([], [], 0)
        while let room = withMessages.first, var line = lines[room] {
            let before = taken.count
            while let count = line.next, taken.isEmpty || total + count <= limit {
                if case .messages(let messages, _) = line.works.removeFirst() { taken.append(messages) }
                total += count
            }
            guard taken.count > before else { break }
            line.isOut = true
            lines[room] = line
            rooms.append(withMessages.removeFirst())
        }
        waiting -= total
        return (rooms, taken)
    }

    /// The change that waits longest, with its room.
    mutating func takeChange() -> (room: RoomID, change: Change)? {
        guard let room = withChange.popFirst(), case .change(let change)? = lines[room]?.works.removeFirst() else {
            return nil
        }
        lines[room]?.isOut = true
        waiting -= 1
        return (room, change)
    }

    /// What is next in the room may be taken.
    mutating func free(_ room: RoomID) {
        lines[room]?.isOut = false
        offer(room)
    }

    private mutating func append(_ work: Work, of count: Int, to room: RoomID) {
        waiting += count
        let isNew = lines[room] == nil
        lines[room, default: Line()].works.append(work)
        if isNew { offer(room) }
    }

    private mutating func offer(_ room: RoomID) {
        switch lines[room]?.works.first {
        case .messages: withMessages.append(room)
        case .change: withChange.append(room)
        case nil: lines[room] = nil
        }
    }
}
