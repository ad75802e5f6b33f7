import Identifiers

/// Whom a feature is there for.
enum FeatureFlag: Sendable, Equatable {
    case on, off, admins
    /// A share of the users, the same ones each time.
    case percent(Int)

    init?(_ text: String) {
        switch text {
        case "on": self = .on
        case "off": self = .off
        case "admins": self = .admins
        default:
            guard text.hasSuffix("%"), let share = Int(text.dropLast()), (0...100).contains(share) else { return nil }
            self = .percent(share)
        }
    }

    func isOn(for user: UserID, isAdmin: Bool, feature: String) -> Bool {
        switch self {
        case .on: true
        case .off: false
        case .admins: isAdmin
        case .percent(let share): Self.bucket(user, feature) < share
        }
    }

    /// 0…99, by FNV-1a of feature and user: each feature draws its own users.
    private static func bucket(_ user: UserID, _ feature: String) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in "\(feature):\(user)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        return Int((hash >> 32) % 100)
    }
}
