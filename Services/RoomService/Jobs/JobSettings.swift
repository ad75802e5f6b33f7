import ServiceSupport

/// When the lifecycle jobs run.
struct JobSettings: Sendable {
    var cleanUpInterval: Duration
    var maintenanceInterval: Duration
    /// After which soft-deleted rooms are gone for good.
    var purgeAfter: Duration

    init(_ settings: Settings) {
        cleanUpInterval = settings.duration(
            "CLEANUP_INTERVAL_MINUTES", default: .seconds(1800), unit: .seconds(60), in: 0.01...1440)
        maintenanceInterval = settings.duration(
            "MAINTENANCE_INTERVAL_MINUTES", default: .seconds(300), unit: .seconds(60), in: 0.01...1440)
        purgeAfter = settings.duration(
            "PURGE_AFTER_DAYS", default: .seconds(30 * 86_400), unit: .seconds(86_400), in: 0.0001...36_500)
    }
}
