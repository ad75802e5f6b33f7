import ArgumentParser

/// For people who operate Parlor: what consumers gave up, and what to do about it.
struct DeadLettersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dead-letters",
        abstract: "Look at events that consumers gave up; try them again, or drop them.",
        subcommands: [List.self, Show.self, Retry.self, Drop.self], defaultSubcommand: List.self)

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Count the dead letters of each work queue.")

        @OptionGroup var broker: BrokerOptions

        @Argument(help: "Work queues; all that Parlor has, if none is named.")
        var queues: [String] = []

        func run() async throws {
            let letters = try broker.deadLetters
            for queue in queues.isEmpty ? DeadLetters.workQueues : queues {
                let count = try await letters.count(of: queue).map(String.init) ?? "no such queue"
                print("\(queue): \(count)")
            }
            await letters.close()
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show dead letters with their reasons. They stay where they are.")

        @OptionGroup var broker: BrokerOptions

        @Argument(help: "The work queue.")
        var queue: String

        @Option(help: "At most so many.")
        var limit = 20

        @Flag(help: "Print the body too. It may hold what people wrote.")
        var body = false

        func run() async throws {
            let letters = try broker.deadLetters
            for letter in try await letters.peek(queue, limit: limit) {
                print(DeadLetters.describe(letter, withBody: body))
            }
            await letters.close()
        }
    }

    struct Retry: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Put dead letters back into their work queue, with all attempts ahead of them.")

        @OptionGroup var broker: BrokerOptions
        @OptionGroup var choice: LetterChoice

        func run() async throws {
            let letters = try broker.deadLetters
            let count = try await letters.retry(choice.queue, choice.matches)
            await letters.close()
            print("\(count) put back into \(choice.queue)")
        }
    }

    struct Drop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Remove dead letters for good.")

        @OptionGroup var broker: BrokerOptions
        @OptionGroup var choice: LetterChoice

        func run() async throws {
            let letters = try broker.deadLetters
            let count = try await letters.drop(choice.queue, choice.matches)
            await letters.close()
            print("\(count) dropped from \(choice.queue)")
        }
    }
}

/// Which dead letters are meant.
struct LetterChoice: ParsableArguments {
    @Argument(help: "The work queue.")
    var queue: String

    @Option(name: .customLong("id"), help: "An event's id, as `show` prints it; may be repeated.")
    var ids: [String] = []

    @Flag(help: "All of the queue.")
    var all = false

    func validate() throws {
        guard all != !ids.isEmpty else { throw ValidationError("Say which: --id, or --all.") }
    }

    func matches(_ id: String?) -> Bool {
        all || id.map { ids.contains($0.lowercased()) } ?? false
    }
}
