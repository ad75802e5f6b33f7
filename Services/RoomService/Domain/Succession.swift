import Events

/// Who owns a room after its owner left.
enum Succession {
    /// The longest-standing moderator, else the longest-standing member; `nil` when nobody stays.
    static func heir(of members: some Sequence<Member>) -> Member? {
        members.filter { $0.role != .owner }.min { left, right in
            (left.role == .moderator ? 0 : 1, left.joinedFact) < (right.role == .moderator ? 0 : 1, right.joinedFact)
        }
    }
}
