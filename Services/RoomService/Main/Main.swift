import RoomService
import ServiceSupport

@main
enum Main {
    static func main() async {
        await Bootstrap.main("room-service") { try await RoomApp.services($0, logger: $1) }
    }
}
