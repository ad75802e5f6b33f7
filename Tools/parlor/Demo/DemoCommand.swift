import ArgumentParser
import Foundation
import ParlorClient

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Play the main job against a running server, a line a step; any surprise makes it fail.")

    @OptionGroup var server: ServerOptions

    @Option(help: "The folder where the server drops its mails (else MAIL_DIR).")
    var mailDir: String?

    func run() async throws {
        let folder = mailDir ?? ProcessInfo.processInfo.environment["MAIL_DIR"]
        var demo = Demo(
            address: server.address, mailbox: folder.flatMap { $0.isEmpty ? nil : DemoMailbox(folder: $0) },
            narrator: Narrator())
        do {
            try await demo.play()
        } catch {
            demo.narrator.failed(error as? Surprise ?? Surprise(step: "The demo", reason: "\(error)"))
            await demo.leaveNothingBehind()
            throw ExitCode.failure
        }
    }
}
