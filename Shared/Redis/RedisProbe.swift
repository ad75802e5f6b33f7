/// What shows that Redis answers and takes writes: a server that has no memory left, or that became a replica, reads on but
/// cannot be written to, and to who keeps seats in it it is away.
enum RedisProbe {
    /// Leaves nothing behind.
    static let command = RedisCommand("SET", "parlor:probe", "", "PX", 1)

    /// The first words of errors by which a server refuses every write for now.
    private static let refusals = ["OOM", "READONLY", "MISCONF", "NOREPLICAS", "MASTERDOWN", "LOADING"]

    /// Whether a reply tells that writes are refused, by itself or from within a script.
    static func isRefusal(_ reply: RedisValue) -> Bool {
        guard case .error(let text) = reply else { return false }
        return refusals.contains { text.hasPrefix("\($0) ") || text.contains(" -\($0) ") }
    }
}
