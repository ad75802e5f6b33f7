import Identifiers

/// Somebody who searches, or did until a moment ago.
struct Searcher: Sendable, Equatable {
    var userID: UserID
    var displayName: String
    var since: Timestamp
    var interests: Interests
}

/// Who is brought together, and when. Pure.
enum PairingRules {
    /// For so long only those meet who share an interest.
    static let preference: Duration = .seconds(10)
    /// A search that nobody renews ends: who went away without a word is not brought together with anybody.
    static let searchLife: Duration = .seconds(120)
    /// Before the two of a pair that ended may meet again.
    static let pause: Duration = .seconds(3600)
    /// A pair in whose room nobody sits ends.
    static let abandonedAfter: Duration = .seconds(600)

    /// It is enough that one of the two has waited long enough for the other to be anybody.
    static func suit(_ one: Searcher, _ other: Searcher, at now: Timestamp) -> Bool {
        guard one.userID != other.userID else { return false }
        return one.interests.areShared(with: other.interests) || hasWaited(min(one.since, other.since), at: now)
    }

    static func hasWaited(_ since: Timestamp, at now: Timestamp) -> Bool { since + preference <= now }

    /// Longer waiting first; those who came at the same moment in the order of their ids.
    static func order(_ one: Searcher, _ other: Searcher) -> (first: Searcher, second: Searcher) {
        (one.since, one.userID) < (other.since, other.userID) ? (one, other) : (other, one)
    }
}
