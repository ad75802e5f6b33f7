import Foundation

/// How much of a processor this process has used: a load generator that uses all of it measures itself.
struct ProcessorClock {
    private let begin = ContinuousClock.now
    private let used = Self.used

    /// Since the clock was made; 1 is one processor.
    var share: Double { (Self.used - used) / ((ContinuousClock.now - begin) / .seconds(1)) }

    private static var used: Double {
        var usage = rusage()
        getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        func seconds(_ time: timeval) -> Double { Double(time.tv_sec) + Double(time.tv_usec) / 1_000_000 }
        return seconds(usage.ru_utime) + seconds(usage.ru_stime)
    }
}
