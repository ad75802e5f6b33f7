import Identifiers

/// The two whom pairing brought into a room, and what they think of each other. Pure.
struct Pair: Sendable, Equatable {
    struct Side: Sendable, Equatable {
        var userID: UserID
        var likes = false
        var keeps = false
        var hasReported = false
    }

    /// Who waited longer.
    private(set) var first: Side
    private(set) var second: Side
    /// Who ended it; `nil` while it lives, and where its time was up.
    var endedBy: UserID?

    init(first: Side, second: Side, endedBy: UserID? = nil) {
        self.first = first
        self.second = second
        self.endedBy = endedBy
    }

    /// What a word of one of the two led to.
    enum Outcome: Sendable, Equatable {
        /// It had been said before.
        case repeated
        /// The other has not said it yet.
        case alone
        /// Both have, since now.
        case mutual
    }

    func isOne(_ user: UserID) -> Bool { user == first.userID || user == second.userID }

    func other(than user: UserID) -> UserID { user == first.userID ? second.userID : first.userID }

    mutating func like(by user: UserID) -> Outcome { say(\.likes, by: user) }
    mutating func keep(by user: UserID) -> Outcome { say(\.keeps, by: user) }
    mutating func report(by user: UserID) -> Outcome { say(\.hasReported, by: user) }

    private mutating func say(_ word: WritableKeyPath<Side, Bool>, by user: UserID) -> Outcome {
        let isFirst = user == first.userID
        let (own, others) = isFirst ? (first[keyPath: word], second) : (second[keyPath: word], first)
        guard !own else { return .repeated }
        if isFirst { first[keyPath: word] = true } else { second[keyPath: word] = true }
        return others[keyPath: word] ? .mutual : .alone
    }
}
