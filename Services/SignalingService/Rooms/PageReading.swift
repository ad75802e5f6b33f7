/// A page of the timeline that is being read for a socket.
struct PageReading {
    static let limit = 500

    var first: Int64
    var deletions: Int
    var page: Task<Result<[LiveEntry], any Error>, Never>

    /// Whether an entry will be in it, as it is now.
    func covers(_ seq: Int64, at deletions: Int) -> Bool {
        self.deletions == deletions && seq >= first && seq < first + Int64(Self.limit)
    }
}
