import Auth
import Events
import Foundation
import HTTPSupport
import ServiceSupport

/// All that the room service is told by its environment.
struct RoomSettings: Sendable {
    var common: CommonSettings
    var auth: AuthSettings
    var limits = PlanLimits()
    var lifetime = RoomLifetime()
    var invitationSecret: String
    var discovery: FeatureFlag
    var sessions: FeatureFlag
    var pairing: FeatureFlag
    var iceServers: IceServers
    var rates: Rates
    var jobs: JobSettings

    /// How often things may be done; each is `rate per second` and `burst`.
    struct Rates: Sendable {
        var rest: RateLimit
        var joins: RateLimit
        var invitationsOfUser: RateLimit
        var invitationsToAddress: RateLimit
        var searches: RateLimit
    }

    init(_ settings: Settings) {
        common = CommonSettings(settings, defaultPort: 8081)
        auth = AuthSettings(settings)
        if common.isDevAuth, auth.secret == nil { settings.fault("DEV_AUTH needs JWT_SECRET") }
        limits = Self.planLimits(settings)
        lifetime.timeout = settings.duration(
            "ROOM_TIMEOUT_HOURS", default: .seconds(24 * 3600), unit: .seconds(3600), in: 0.0001...87_600)
        // A secret of its own is better; without one the internal token serves, for it is as secret.
        invitationSecret = settings.string("INVITATION_SECRET", default: common.internalToken)
        discovery = Self.flag(settings, "DISCOVERY")
        sessions = Self.flag(settings, "SESSIONS")
        pairing = Self.flag(settings, "PAIRING")
        iceServers = Self.iceServers(settings, publicURL: common.publicURL)
        rates = Rates(
            rest: .rest(settings),
            joins: RateLimit(name: "join", settings, "JOIN", perSecond: 5, burst: 20),
            invitationsOfUser: Self.hourly(settings, "INVITATIONS_PER_USER", default: 20),
            invitationsToAddress: Self.hourly(settings, "INVITATIONS_PER_ADDRESS", default: 5),
            searches: .searches(settings))
        jobs = JobSettings(settings)
    }

    /// Reads everything, and throws ``SettingsError`` with all that is wrong.
    static func read(_ settings: Settings) throws -> RoomSettings {
        let read = RoomSettings(settings)
        try settings.finish()
        return read
    }

    /// `FEATURE_<NAME>`.
    private static func flag(_ settings: Settings, _ name: String) -> FeatureFlag {
        settings.parse("FEATURE_\(name)", default: .on, "on, off, admins or a percentage") { FeatureFlag($0) }
    }

    private static func planLimits(_ settings: Settings) -> PlanLimits {
        var limits = PlanLimits()
        limits.meetingCaps = settings.parse(
            "PLAN_LIMITS", default: limits.meetingCaps, "a list like free:4,pro:10,business:50", PlanLimits.readCaps)
        limits.limit = settings.int("MAX_PARTICIPANTS_LIMIT", default: limits.limit, in: 2...1_000_000)
        for (kind, standard) in limits.defaults {
            limits.defaults[kind] = settings.int(
                "MAX_PARTICIPANTS_\(kind.rawValue.uppercased())", default: standard, in: 2...limits.limit)
        }
        return limits
    }

    private static func iceServers(_ settings: Settings, publicURL: String) -> IceServers {
        let host = URLComponents(string: publicURL)?.host ?? "127.0.0.1"
        let servers = IceServers(
            stunURLs: settings.list("STUN_URLS", default: ["stun:\(host):3478"]),
            turnURLs: settings.list("TURN_URLS"), turnSecret: settings.optional("TURN_SECRET"))
        if !servers.stunURLs.allSatisfy({ $0.hasPrefix("stun:") || $0.hasPrefix("stuns:") }) {
            settings.fault("STUN_URLS must be addresses like stun:host:3478, separated by commas")
        }
        if !servers.turnURLs.allSatisfy({ $0.hasPrefix("turn:") || $0.hasPrefix("turns:") }) {
            settings.fault("TURN_URLS must be addresses like turn:host:3478, separated by commas")
        }
        if !servers.turnURLs.isEmpty, servers.turnSecret == nil { settings.fault("TURN_URLS needs TURN_SECRET") }
        return servers
    }

    /// `<NAME>_PER_HOUR`.
    private static func hourly(_ settings: Settings, _ name: String, default standard: Int) -> RateLimit {
        let count = settings.int("\(name)_PER_HOUR", default: standard, in: 1...1_000_000)
        return RateLimit(name: name.lowercased(), perSecond: Double(count) / 3600, burst: count)
    }
}
