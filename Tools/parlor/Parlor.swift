import ArgumentParser

@main
struct Parlor: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "parlor",
        abstract: "Parlor from the command line: talk in a room, watch one, see the whole system at work.",
        subcommands: [DemoCommand.self, ChatCommand.self, TailCommand.self, TokenCommand.self, DeadLettersCommand.self])
}
