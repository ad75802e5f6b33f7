/// What a pool holds at one moment.
public struct PGPoolStatistics: Sendable, Equatable {
    /// Links open, idle or busy.
    public var size: Int
    public var idle: Int
    public var busy: Int
    /// Links being opened.
    public var connecting: Int
    /// Callers that wait for a link.
    public var waiting: Int
}
