import ServiceSupport
import SignalingService

@main
enum Main {
    static func main() async {
        // Draining takes its time; what follows it is quick.
        await Bootstrap.main("signaling-service", stopWithin: .seconds(3660)) { settings, logger in
            try await SignalingApp.services(settings, logger: logger)
        }
    }
}
