import Auth
import HTTPSupport
import ServiceSupport

/// What the message service is told by its environment.
struct MessageSettings: Sendable {
    var common: CommonSettings
    var auth: AuthSettings
    var restLimit: RateLimit
    var messageLimit: RateLimit
    var searchLimit: RateLimit
    /// `REPEAT_LIMIT` times in `REPEAT_WINDOW_SECONDS` one user may say the same.
    var repeatLimit: Int
    var repeatWindow: Duration
    /// `MESSAGE_MAX_CHARACTERS`
    var maxMessageCharacters: Int
    /// `MESSAGE_CHANGES_AT_ONCE`: edits, reactions, facts and the like, of as many rooms, that commit side by side.
    var changesAtOnce: Int
    /// `ARCHIVE_AFTER_DAYS`: how long after its end a room's messages move to the archive.
    var archiveAfter: Duration
    /// `ARCHIVE_INTERVAL_SECONDS`
    var archiveInterval: Duration

    /// Faults are reported by `settings.finish()`.
    init(_ settings: Settings) {
        common = CommonSettings(settings, defaultPort: 8082)
        auth = AuthSettings(settings)
        restLimit = .rest(settings)
        messageLimit = .messages(settings)
        searchLimit = .searches(settings)
        repeatLimit = settings.int("REPEAT_LIMIT", default: 5, in: 1...1_000_000)
        repeatWindow = settings.duration(
            "REPEAT_WINDOW_SECONDS", default: .seconds(30), unit: .seconds(1), in: 1...86_400)
        maxMessageCharacters = settings.int("MESSAGE_MAX_CHARACTERS", default: 4000, in: 1...50_000)
        changesAtOnce = settings.int("MESSAGE_CHANGES_AT_ONCE", default: 4, in: 1...64)
        archiveAfter = settings.duration(
            "ARCHIVE_AFTER_DAYS", default: .seconds(90 * 86_400), unit: .seconds(86_400), in: 0...36_500)
        archiveInterval = settings.duration(
            "ARCHIVE_INTERVAL_SECONDS", default: .seconds(3600), unit: .seconds(1), in: 0.1...86_400)
    }
}
