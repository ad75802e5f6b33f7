import CoreMetrics
import Foundation
public import Logging
public import ServiceLifecycle
import UnixSignals

/// Starts a service's process: settings, logging, metrics, then its long-lived parts in order until a signal.
public enum Bootstrap {
    /// The metrics of this process.
    public static let metrics: PrometheusRegistry = {
        let registry = PrometheusRegistry()
        MetricsSystem.bootstrap(registry)
        return registry
    }()

    /// Runs a service's parts until SIGTERM or SIGINT; they start in order and stop in reverse.
    ///
    /// A fault in the settings ends the process with status 78 and one line; a failing part with status 1.
    /// - Parameters:
    ///   - name: the service's name in logs.
    ///   - assemble: reads the settings (and calls `finish()`), builds the parts.
    public static func main(
        _ name: String, stopWithin: Duration = .seconds(30),
        assemble: (Settings, Logger) async throws -> [any Service]
    ) async {
        let settings = Settings()
        let level: Logger.Level = settings.choice("LOG_LEVEL", default: .info)
        let format: CommonSettings.LogFormat = settings.choice("LOG_FORMAT", default: .json)
        LoggingSystem.bootstrap { _ in LineLogHandler(service: name, level: level, format: format) }
        _ = metrics
        let logger = Logger(label: name)
        do {
            let services = try await assemble(settings, logger)
            try await run(services, logger: logger, stopWithin: stopWithin)
            logger.info("stopped")
        } catch let error as SettingsError {
            logger.critical("\(error)")
            exit(78)
        } catch {
            logger.critical("failed", metadata: [LogKeys.error: "\(String(reflecting: error))"])
            exit(1)
        }
    }

    /// Runs parts as one group, for processes and for tests that end by cancellation.
    public static func run(_ services: [any Service], logger: Logger, stopWithin: Duration) async throws {
        var configuration = ServiceGroupConfiguration(
            services: services.map { .init(service: $0) },
            gracefulShutdownSignals: [.sigterm, .sigint],
            logger: logger)
        configuration.maximumGracefulShutdownDuration = stopWithin
        try await ServiceGroup(configuration: configuration).run()
    }
}
