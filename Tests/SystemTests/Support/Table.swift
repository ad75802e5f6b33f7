import Foundation
import ParlorClient
import TestSupport
import Testing

/// Two who sit in a room and talk, whatever happens around them.
struct Table: Sendable {
    let stack: Stack
    let ada: Person
    let ben: Person
    /// A member without a seat.
    let cleo: Person
    let room: TestRoom
    let hers: Attendee
    let his: Attendee

    init(_ stack: Stack) async throws {
        self.stack = stack
        (ada, ben, cleo) = (
            try await stack.person("Ada"), try await stack.person("Ben"), try await stack.person("Cleo")
        )
        room = try await stack.room(of: ada, members: [ben, cleo])
        (hers, his) = (try await stack.sit(ada, in: room), try await stack.sit(ben, in: room))
        try await talk("hello")
    }

    /// What passes between sockets without a database's help.
    func signalAcross(_ mark: String) async throws {
        try await hers.socket.send(["type": "typing", "isTyping": true])
        try await hers.socket.send(["type": "signal", "to": .string(ben.id), "data": .string(mark)])
        try await his.inbox.first("a signal") { $0.type == "signal" && $0["data"]?.string == mark }
        try await his.inbox.first("typing") { $0.type == "typing" && $0["userId"]?.string == ada.id }
        try await hers.socket.send(["type": "media", "audio": true, "id": .string(mark)])
        try await hers.inbox.first("the answer to media") { $0.type == "ack" && $0["id"]?.string == mark }
        try await his.inbox.first("media") { $0.type == "media" && $0["audio"] == true }
    }

    /// A message over the socket, stored and heard.
    func talk(_ text: String) async throws {
        try await hers.say(text, clientMessageID: text)
        _ = try await his.message(text)
    }

    /// One try to send over the socket; the answer, `ack` or `error`.
    func tryToTalk(_ text: String) async throws -> ParlorFrame {
        let attempt = UUID().uuidString
        try await hers.socket.send([
            "type": "message", "content": .string(text), "clientMessageId": .string(text), "id": .string(attempt),
        ])
        return try await hers.inbox.first("an answer to '\(text)'") { $0["id"]?.string == attempt }
    }

    /// Sends under the same name until it is stored, as a client does that was told to try again.
    func talkInTheEnd(_ text: String) async throws {
        try await eventually("'\(text)' is stored", within: .seconds(120), every: .milliseconds(500)) {
            try await tryToTalk(text).type == "ack"
        }
        _ = try await his.message(text)
        #expect(hers.socket.isOpen && his.socket.isOpen)
    }

    /// One more comes in, in the end: everything works again.
    func welcomeCleo() async throws {
        try await eventually("another one is let in", within: .seconds(120), every: .milliseconds(500)) {
            try await stack.refusal(of: cleo, in: room) == nil
        }
    }

    func leave() async { for seat in [hers, his] { await seat.socket.close() } }
}
