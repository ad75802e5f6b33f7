import Events
import Identifiers

/// What the projection says about a room and one person in it.
struct MessageStanding: Sendable, Equatable {
    var room: RoomRef
    var lastSeq: Int64
    var appliedFact: Int64
    var isActive: Bool
    var isArchived: Bool
    /// `nil` for who is no member.
    var member: Membership?

    struct Membership: Sendable, Equatable {
        var role: MemberRole
        /// At the moment of asking.
        var isMuted: Bool
        var joinedSeq: Int64
        var lastReadSeq: Int64

        var isModerator: Bool { role >= .moderator }
    }

    /// - Throws: `notAMember`.
    func requireMember() throws(Refusal) -> Membership {
        guard let member else { throw .notAMember }
        return member
    }

    /// Who sends, edits or reacts (contract, section 4).
    ///
    /// - Throws: `notAMember`, `muted`.
    @discardableResult
    func requireVoice() throws(Refusal) -> Membership {
        let member = try requireMember()
        if member.isMuted { throw .muted }
        return member
    }

    /// - Throws: `notAMember`, `forbidden`.
    func requireModerator(to act: String) throws(Refusal) {
        guard try requireMember().isModerator else { throw .forbidden("Only moderators may \(act).") }
    }

    /// - Throws: `roomEnded`.
    func requireActive() throws(Refusal) {
        if !isActive { throw .roomEnded }
    }
}
