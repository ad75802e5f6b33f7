public import Foundation

/// A moment in UTC with millisecond precision; RFC 3339 on the wire (`2026-01-31T12:00:00.123Z`).
public struct Timestamp: Hashable, Sendable, Comparable {
    /// Milliseconds since 1970-01-01T00:00:00Z.
    public var millisecondsSinceEpoch: Int64

    public init(millisecondsSinceEpoch: Int64) { self.millisecondsSinceEpoch = millisecondsSinceEpoch }

    public static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(millisecondsSinceEpoch: Int64(time.tv_sec) * 1000 + Int64(time.tv_nsec) / 1_000_000)
    }

    /// Rounds to the nearest millisecond.
    public init(_ date: Date) {
        millisecondsSinceEpoch = Int64((date.timeIntervalSince1970 * 1000).rounded())
    }

    public var date: Date { Date(timeIntervalSince1970: Double(millisecondsSinceEpoch) / 1000) }

    public static func < (left: Self, right: Self) -> Bool {
        left.millisecondsSinceEpoch < right.millisecondsSinceEpoch
    }

    public static func + (time: Self, duration: Duration) -> Self {
        Self(millisecondsSinceEpoch: time.millisecondsSinceEpoch + duration.wholeMilliseconds)
    }

    public static func - (time: Self, duration: Duration) -> Self {
        Self(millisecondsSinceEpoch: time.millisecondsSinceEpoch - duration.wholeMilliseconds)
    }

    /// The time from `earlier` to this moment; negative when it is later.
    public func since(_ earlier: Timestamp) -> Duration {
        .milliseconds(millisecondsSinceEpoch - earlier.millisecondsSinceEpoch)
    }
}

extension Duration {
    /// Whole milliseconds, rounded towards zero.
    public var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}

/// Where a program reads the time, so that tests can set it.
public struct TimeSource: Sendable {
    public let now: @Sendable () -> Timestamp

    public init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    public static let system = TimeSource(now: { Timestamp.now() })
}
