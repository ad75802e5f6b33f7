import Events
import Foundation
import Identifiers
import Testing

/// The batches that pass between sockets and the message service are written and read without a coder: what is written
/// so must be what Codable means, in both directions.
@Suite struct CommandBatchTests {
    private static let plain = MessageCommand(
        id: UUID.v7(), roomUuid: .new(), roomId: .random(), userId: .new(), requestId: nil, type: .text,
        content: "plain", trackRef: nil, parentId: nil, clientMessageId: "1")
    private static let rich = MessageCommand(
        id: UUID.v7(), roomUuid: .new(), roomId: .random(), userId: .new(), requestId: "request/\"1\"",
        type: .trackCard, content: "\"quoted\" \\ / \n\ttab\u{1} 🎧 é \u{2028}",
        trackRef: TrackRef(
            provider: "x", id: "1", title: "A \"title\"", artist: nil, durationMs: 1, artworkUrl: nil, url: "http://a/b"
        ),
        parentId: .new(), clientMessageId: "ключ\\")
    static let commands = CommandBatch(commands: [plain, rich, plain])

    private static let refusal = CommandReply.Refusal(
        code: "muted", message: "Not \"now\".", retryable: false, retryAfterMs: 5)
    static let replies = ReplyBatch(replies: [
        .stored(UUID.v7(), messageId: .new(), seq: .max), .refused(UUID.v7(), refusal),
    ])

    @Test func commandsAreWhatCodableWrites() throws {
        #expect(try WireJSON.decode(CommandBatch.self, from: Self.commands.json) == Self.commands)
        #expect(CommandBatch(json: try WireJSON.encode(Self.commands)) == Self.commands)
        #expect(CommandBatch(json: Self.commands.json) == Self.commands)
    }

    @Test func repliesAreWhatCodableWrites() throws {
        #expect(try WireJSON.decode(ReplyBatch.self, from: Self.replies.json) == Self.replies)
        #expect(ReplyBatch(json: try WireJSON.encode(Self.replies)) == Self.replies)
        #expect(ReplyBatch(json: Self.replies.json) == Self.replies)
    }

    @Test func anEmptyBatchIsOne() {
        #expect(CommandBatch(json: CommandBatch(commands: []).json) == CommandBatch(commands: []))
        #expect(ReplyBatch(json: ReplyBatch(replies: []).json) == ReplyBatch(replies: []))
    }

    @Test(arguments: ["", "{}", "[]", #"{"commands":{}}"#, #"{"commands":[1]}"#, #"{"commands":[{"id":"1"}]}"#])
    func whatIsNoBatchIsRefused(_ text: String) {
        #expect(CommandBatch(json: Array(text.utf8)) == nil)
        #expect(ReplyBatch(json: Array(text.replacing("commands", with: "replies").utf8)) == nil)
    }

    /// A newer sender may say more.
    @Test func unknownFieldsAreIgnored() throws {
        let text = String(decoding: CommandBatch(commands: [Self.plain]).json, as: UTF8.self)
        let newer = text.replacing("{\"id\"", with: "{\"news\":[{\"a\":1}],\"id\"").dropLast() + ",\"more\":null}"
        #expect(CommandBatch(json: Array(newer.utf8)) == CommandBatch(commands: [Self.plain]))
    }
}
