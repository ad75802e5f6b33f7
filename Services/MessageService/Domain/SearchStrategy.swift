/// How to go on with a search: the two ways differ by what has to be looked at, and how many messages have the words is
/// known only from those that were read. Pure.
///
/// To read a room backwards costs a look at every message until enough have the words; to collect by the index of words
/// costs a fetch of every message of a block that has them. Where one grows with rare words, the other does with frequent
/// ones, and the cheaper of the two never looks at more than about the root of a block.
struct SearchStrategy: Sendable {
    enum Step: Sendable, Equatable {
        /// Read so many of the next older messages.
        case read(Int64)
        /// Collect what has the words, block by block.
        case collect
    }

    static let sample: Int64 = 300
    /// What finding out a message's words costs beside fetching one that is known to have them: measured, about.
    private static let costOfReading = 3.5

    private var read: Int64 = 0
    private var found = 0

    /// - Parameters:
    ///   - wanted: how many are missing.
    ///   - older: how many messages there may be in a block that were not read yet.
    func next(wanted: Int, older: Int64) -> Step {
        guard read > 0 else { return .read(Self.sample) }
        guard found > 0 else { return .collect }
        let rate = Double(found) / Double(read)
        let toRead = Double(wanted) / rate
        guard toRead * Self.costOfReading <= rate * Double(older) else { return .collect }
        // Twice what is expected: the next step should be the last.
        return .read(max(Self.sample, Int64(2 * toRead)))
    }

    /// So many of the messages that were read have the words.
    mutating func note(_ found: Int, of read: Int64) {
        self.read += read
        self.found += found
    }
}
