/// How one page of a search among listed rooms is found with work that has a limit, however many they are. Pure.
///
/// There are two ways. To read the rooms in their order costs a look at every one until enough have the words; to collect by the
/// index of words costs a fetch of every one that has them. Where one grows with rare words, the other does with frequent ones,
/// and with those between both grow with the table. So each has a limit; where neither gets the whole page within it, the page
/// ends with the last room that was read.
struct DiscoveryStrategy: Sendable {
    enum Step: Sendable, Equatable {
        /// Read so many from the page's beginning on, or as many as fill it.
        case read(Int)
        /// Collect everything that has the words, unless that is more than so many.
        case collect(Int)
        /// Show what was found; more may follow.
        case stop
    }

    struct Limits: Sendable, Equatable {
        /// Read at first: how many of them have the words tells the cheaper way.
        var sample: Int
        var reading: Int
        var collecting: Int
        /// What reading a room costs beside collecting one: measured, about.
        var costOfReading: Double
    }

    /// A page without anything on it helps nobody: until something was found, it may cost as many times as much.
    private static let patience = 5

    private let limits: Limits
    private var read = 0
    private var withWords = 0
    private var found = 0
    /// The limit that did not suffice to collect everything.
    private var exceeded = 0

    init(_ limits: Limits) { self.limits = limits }

    /// - Parameters:
    ///   - missing: how many the page lacks.
    ///   - listed: how many rooms there are, about.
    mutating func next(missing: Int, listed: Int) -> Step {
        guard read > 0 else { return .read(limits.sample) }
        let factor = found == 0 && read >= limits.reading ? Self.patience : 1
        let (reading, collecting) = (limits.reading * factor, limits.collecting * factor)
        let toRead = found > 0 ? Double(missing) * Double(read) / Double(found) : .infinity
        // One of them may have been chance.
        let toCollect = Double(max(withWords - 1, 0)) / Double(read) * Double(listed)
        let canRead = Double(read) + toRead <= Double(reading)
        if collecting > exceeded, toCollect <= Double(collecting),
            !canRead || toCollect < toRead * limits.costOfReading
        {
            // A few of a sample are no measure of whether all are too many.
            let larger = min(5 * limits.sample, reading), all = Double(withWords * listed) / Double(read)
            if 1..<10 ~= withWords, read < larger, all * 8 > Double(collecting) { return .read(larger) }
            exceeded = collecting
            return .collect(collecting)
        }
        return read < reading ? .read(reading) : .stop
    }

    /// - Parameters:
    ///   - found: how many of those read belong on the page.
    ///   - withWords: how many have the words, whatever else is asked of them.
    ///   - read: how many were read.
    mutating func note(found: Int, withWords: Int, of read: Int) {
        (self.found, self.withWords, self.read) = (found, withWords, read)
    }
}
