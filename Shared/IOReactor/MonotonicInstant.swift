internal import Glibc

/// A moment of the clock that `ContinuousClock` reads, as a plain number.
///
/// The standard library's instants and durations have a layout unknown at compile time, and every structure that holds
/// one is copied through its metadata. Where that is paid for each query, these are used instead.
package struct MonotonicInstant: Comparable, Sendable {
    package var nanoseconds: Int64

    package static var now: MonotonicInstant {
        var time = timespec()
        clock_gettime(CLOCK_BOOTTIME, &time)
        return MonotonicInstant(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    package init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
    }

    package init(_ instant: ContinuousClock.Instant) {
        self = .now + (instant - ContinuousClock.now)
    }

    package static func < (left: MonotonicInstant, right: MonotonicInstant) -> Bool {
        left.nanoseconds < right.nanoseconds
    }

    package static func + (left: MonotonicInstant, right: Duration) -> MonotonicInstant {
        left + right.wholeNanoseconds
    }

    package static func + (left: MonotonicInstant, nanoseconds: Int64) -> MonotonicInstant {
        // A century from now is as good as never, and stays clear of overflow.
        MonotonicInstant(nanoseconds: left.nanoseconds + min(nanoseconds, 1 << 61))
    }
}

extension Duration {
    /// Cut to what fits: some 292 years.
    package var wholeNanoseconds: Int64 {
        let (seconds, attoseconds) = components
        return min(max(seconds, -1 << 33), 1 << 33) * 1_000_000_000 + attoseconds / 1_000_000_000
    }
}
