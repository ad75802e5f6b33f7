import ArgumentParser
import ParlorClient

struct TokenCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "token", abstract: "Print a development token, good for a day.")

    @OptionGroup var server: ServerOptions

    @Argument(help: "Whose.")
    var email: String

    @Option(help: "The name that others see.")
    var name: String?

    @Option(help: "user, artist, admin or super_admin.")
    var role: String?

    @Option(help: "free, pro or business.")
    var plan: String?

    func run() async throws {
        let name = name ?? email.split(separator: "@").first.map(String.init) ?? email
        print(try await server.http.signIn(email: email, name: name, role: role, plan: plan).token)
    }
}
