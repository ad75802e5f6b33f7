import ArgumentParser
import Foundation
import ParlorClient

struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Talk in a room; goes on where it stopped last time.",
        discussion: "Every line you type is a message. /who shows who is here, /bye leaves (so does Ctrl-D).")

    @OptionGroup var server: ServerOptions
    @OptionGroup var caller: CallerOptions

    @Argument(help: "The room's code, abc-defg-hij.")
    var room: String

    @Flag(help: "Begin with the newest messages, whatever was seen before.")
    var fresh = false

    func run() async throws {
        let account = try await patiently { try await caller.account(at: server) }
        // Joining again changes nothing for a member.
        try await patiently { try await server.http.with(token: account.token).post("/rooms/\(room)/join") }
        let place = SeenPlace(address: server.address, room: room, userID: account.userID)
        let session = ParlorSession(server.address, room: room, after: fresh ? nil : place.read()) { account.token }
        let screen = ChatScreen(ownID: account.userID, isTalking: true)
        let end = await withTaskGroup(of: CloseCode??.self) { group in
            group.addTask { .some(await session.run()) }
            group.addTask {
                await show(session, on: screen, place: place)
                return nil
            }
            group.addTask {
                await talk(session, screen)
                return nil
            }
            var end: CloseCode??
            while end == nil, let next = await group.next() { end = next }
            group.cancelAll()
            return end ?? nil
        }
        try tellEnd(end)
    }

    /// Sends what is typed, in its order, and says goodbye once all of it is durable.
    private func talk(_ session: ParlorSession, _ screen: ChatScreen) async {
        let (messages, outbox) = AsyncStream<String>.makeStream()
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await message in messages {
                    do { _ = try await session.send(message) } catch is CancellationError { return } catch {
                        screen.note("not sent: \(error)")
                    }
                }
                session.bye()
            }
            loop: for await line in TypedLines.lines {
                switch line.trimmingCharacters(in: .whitespaces) {
                case "": break
                case "/bye": break loop
                case "/who": screen.showParticipants()
                default: outbox.yield(line)
                }
            }
            outbox.finish()
        }
    }
}

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail", abstract: "Watch a room: every entry of its timeline, as it happens.")

    @OptionGroup var server: ServerOptions
    @OptionGroup var caller: CallerOptions

    @Argument(help: "The room's code, abc-defg-hij.")
    var room: String

    @Option(help: "Begin after this entry; 0 shows everything.")
    var after: Int?

    @Flag(help: "Print entries as JSON, one a line.")
    var json = false

    func run() async throws {
        let account = try await patiently { try await caller.account(at: server) }
        let place = SeenPlace(address: server.address, room: room, userID: account.userID, use: "tail")
        let session = ParlorSession(server.address, room: room, after: after ?? place.read()) { account.token }
        let screen = ChatScreen(ownID: account.userID, isTalking: false, asJSON: json)
        let end = await withTaskGroup(of: CloseCode??.self) { group in
            group.addTask { .some(await session.run()) }
            group.addTask {
                await show(session, on: screen, place: place)
                return nil
            }
            var end: CloseCode??
            for await next in group { end = next ?? end }
            return end ?? nil
        }
        try tellEnd(end)
    }
}

/// Shows what happens, and remembers how far it was shown.
private func show(_ session: ParlorSession, on screen: ChatScreen, place: SeenPlace) async {
    for await event in session.events {
        screen.show(event)
        if case .entry(let entry) = event, let seq = entry.entrySeq { place.write(seq) }
        if case .joined(let frame, _) = event, let seq = frame["seq"]?.int, place.read() == nil { place.write(seq) }
    }
}

/// - Throws: an exit code where the server showed us out.
private func tellEnd(_ code: CloseCode?) throws {
    guard let code, code != .normal else { return }
    FileHandle.standardError.write(Data("parlor: closed by the server: \(code)\n".utf8))
    throw ExitCode.failure
}
