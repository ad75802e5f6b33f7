import MessageService
import ServiceSupport

@main
enum Main {
    static func main() async {
        await Bootstrap.main("message-service", assemble: MessageApp.assemble)
    }
}
