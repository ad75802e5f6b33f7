import Events
import Foundation
import Identifiers
import Testing

@testable import MessageService

/// What is written by hand for speed is what the shared Codable types would write.
@Suite struct RenderingTests {
    static let texts = [
        "plain", "", "\"quotes\" and \\ backslashes / slashes", "line\nbreak\ttab\r", "\u{1}\u{1f}\u{7f}\u{2028}",
        "ärger 👩‍👩‍👧 \u{0}",
    ]

    @Test(arguments: texts) func stringsAreEscaped(_ text: String) throws {
        var json = JSONWriter()
        json.raw("{\"a\":")
        json.string(text)
        json.raw("}")
        #expect(try WireJSON.decode([String: String].self, from: json.bytes) == ["a": text])
    }

    private static func message(_ content: String?, track: TrackRef? = nil) throws -> StoredMessage {
        StoredMessage(
            id: .new(), room: RoomRef(id: .new(), code: .random()), seq: 7, userId: .new(), type: .trackCard,
            content: content, track: try track.map { String(decoding: try WireJSON.encode($0), as: UTF8.self) },
            parentId: .new(), clientMessageId: "a \"b\"", replyCount: 3, createdAt: .now(), editedAt: .now(),
            deletedAt: nil)
    }

    private static let track = TrackRef(
        provider: "p", id: "i", title: "t\"t", artist: "ä", durationMs: 1, artworkUrl: "https://a/b", url: "http://c")

    @Test func messagesMatchTheirView() throws {
        for track in [nil, Self.track, TrackRef(provider: "p", id: "i", title: "t")] {
            let message = try Self.message("Hello\n\"World\"", track: track)
            let reactions = [ReactionCount(emoji: "👍", count: 2, me: true)]
            var json = JSONWriter()
            json.message(message, reactions: reactions)
            var view = message.view
            view.replyCount = 3
            view.reactions = reactions
            #expect(try WireJSON.decode(MessageView.self, from: json.bytes) == view)
            #expect(
                try WireJSON.decode(JSONValue.self, from: json.bytes)
                    == WireJSON.decode(JSONValue.self, from: WireJSON.encode(view)))
        }
    }

    @Test func creationsMatchTheirEntry() throws {
        let message = try Self.message(nil)
        var json = JSONWriter()
        json.creation(of: message)
        let entry = TimelineEntry(
            seq: 7, at: message.createdAt, userId: message.userId, body: .messageCreated(message.view))
        #expect(
            try WireJSON.decode(JSONValue.self, from: json.bytes)
                == WireJSON.decode(JSONValue.self, from: WireJSON.encode(entry)))
    }

    @Test func creationEventsMatchTheSharedSchema() throws {
        for requestID in [nil, "request-1"] {
            let message = try Self.message("Hi", track: Self.track)
            let id = EventID.new()
            var json = JSONWriter()
            json.creationEvent(of: message, eventID: id, track: Self.track, requestID: requestID)
            let event = Event(
                id: id, body: .timeline(.messageCreated(message.view)), room: message.room, userId: message.userId,
                timestamp: message.createdAt, seq: 7, requestId: requestID)
            #expect(
                try WireJSON.decode(JSONValue.self, from: json.bytes)
                    == WireJSON.decode(JSONValue.self, from: EventCodec.encode(event)))
            #expect(try EventCodec.decode(json.bytes) == event)
        }
    }

    @Test func otherEntriesAreSpliced() throws {
        let user = UserID.new()
        let body = TimelineBody.reactionAdded(ReactionChange(messageId: .new(), emoji: "🎉", count: 1))
        let entry = TimelineEntry(seq: 9, at: .now(), userId: user, body: body)
        var json = JSONWriter()
        json.entry(
            .other(
                type: "reaction_added", seq: 9, at: entry.at, userId: user,
                body: String(decoding: try WireJSON.encode(body), as: UTF8.self)))
        #expect(try WireJSON.decode(TimelineEntry.self, from: json.bytes) == entry)
    }
}
