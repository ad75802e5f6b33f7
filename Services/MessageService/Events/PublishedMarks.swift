import Identifiers

/// What the broker confirmed and the database does not know yet.
///
/// Confirms of a room may leave holes (a publish that failed, an entry another instance owes), so ranges are kept
/// apart until they meet.
struct PublishedMarks {
    private struct Mark {
        var ranges: [PublishedRange]
        var since: ContinuousClock.Instant
    }

    private var rooms: [RoomID: Mark] = [:]

    var isEmpty: Bool { rooms.isEmpty }

    mutating func note(_ room: RoomID, seq: Int64, now: ContinuousClock.Instant) {
        var mark = rooms[room] ?? Mark(ranges: [], since: now)
        let position = mark.ranges.firstIndex { $0.last + 1 >= seq } ?? mark.ranges.endIndex
        if position == mark.ranges.endIndex || mark.ranges[position].first > seq + 1 {
            mark.ranges.insert(PublishedRange(first: seq, last: seq), at: position)
        } else {
            mark.ranges[position].first = min(mark.ranges[position].first, seq)
            mark.ranges[position].last = max(mark.ranges[position].last, seq)
            let next = position + 1
            if next < mark.ranges.endIndex, mark.ranges[next].first <= mark.ranges[position].last + 1 {
                mark.ranges[position].last = max(mark.ranges[position].last, mark.ranges[next].last)
                mark.ranges.remove(at: next)
            }
        }
        rooms[room] = mark
    }

    /// The earliest range of each room.
    var next: [RoomID: PublishedRange] { rooms.compactMapValues(\.ranges.first) }

    /// Forgets ranges that the database has taken over, up to what each was when asked.
    mutating func settle(_ settled: [RoomID: PublishedRange], now: ContinuousClock.Instant) {
        for (room, range) in settled {
            guard var mark = rooms[room], let first = mark.ranges.first, first.first == range.first else { continue }
            mark.since = now
            if first.last > range.last {
                mark.ranges[0].first = range.last + 1
            } else {
                mark.ranges.removeFirst()
            }
            rooms[room] = mark.ranges.isEmpty ? nil : mark
        }
    }

    /// Forgets rooms whose hole nobody filled: the relay publishes from the hole on, these too.
    mutating func expire(before limit: ContinuousClock.Instant) {
        rooms = rooms.filter { $0.value.since >= limit }
    }
}
