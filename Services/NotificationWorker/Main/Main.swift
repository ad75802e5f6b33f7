import NotificationWorker
import ServiceSupport

@main enum Main {
    static func main() async {
        await Bootstrap.main("notification-worker") { settings, logger in
            let configuration = NotificationSettings(settings)
            try settings.finish()
            return try await NotificationApp(configuration, logger: logger).services()
        }
    }
}
