import Identifiers

/// The events heard lately: delivery is at least once, and nobody wants to be told twice. Pure.
///
/// Remembers the last `capacity` events at least, and twice as many at most.
struct RecentEvents {
    private let capacity: Int
    private var young: Set<EventID> = []
    private var old: Set<EventID> = []

    init(capacity: Int = 10_000) {
        self.capacity = capacity
    }

    /// True where the event is new.
    mutating func hear(_ event: EventID) -> Bool {
        guard !old.contains(event), young.insert(event).inserted else { return false }
        if young.count == capacity {
            old = young
            young = []
        }
        return true
    }
}
