/// Why the service does not do what was asked, in the words of the domain. HTTP gives each a status and a code.
enum Refusal: Error, Equatable {
    // 403
    case forbidden
    case notAMember
    case banned
    case invitationRequired
    case planTooSmall(cap: Int)
    // 404
    case roomNotFound
    case userNotFound
    case invitationNotFound
    case sessionNotFound
    case nothingThere
    // 409, 410, 412
    case roomFull
    case conflict(String)
    case roomEnded
    case sessionEnded
    case invitationExpired
    case staleVersion(current: Int64)
    // 400
    case invalid([FieldFault])
}

/// One field that cannot be taken as it is, and why.
struct FieldFault: Equatable, Sendable {
    var field: String
    var message: String
}

/// Collects the faults of one input, so that all are told together.
struct Faults {
    private(set) var all: [FieldFault] = []

    mutating func add(_ field: String, _ message: String) { all.append(FieldFault(field: field, message: message)) }

    func check() throws(Refusal) {
        guard all.isEmpty else { throw Refusal.invalid(all) }
    }
}
