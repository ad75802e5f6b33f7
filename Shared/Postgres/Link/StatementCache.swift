/// Which statements a link has prepared on its server, by their text.
struct StatementCache {
    /// Statements of one service number in the tens; this bound only stops text that varies without end.
    static let limit = 512

    /// What the server knows a statement by. Never used again on the same link: a flight that fails drops the statements
    /// behind the failure, and with them perhaps the one that would have freed the names.
    struct Name {
        let text: String
        fileprivate let number: Int
    }

    private var names: [String: String] = [:]
    private var last = 0
    /// The last name given before the last `reset`.
    private var floor = 0

    var isFull: Bool { last - floor >= Self.limit }

    func name(of sql: String) -> String? {
        names[sql]
    }

    mutating func newName() -> Name {
        last += 1
        return Name(text: "s\(last)", number: last)
    }

    /// To be called when the server has prepared it; it may have been told meanwhile to forget it.
    mutating func remember(_ sql: String, as name: Name) {
        if name.number > floor { names[sql] = name.text }
    }

    /// Drops a statement whose plan the server no longer accepts; the next use prepares it anew.
    mutating func forget(_ sql: String) {
        names[sql] = nil
    }

    /// To be called when DEALLOCATE ALL is sent.
    mutating func reset() {
        names = [:]
        floor = last
    }
}
