import Events
import Identifiers
import Testing

@testable import MessageService

@Suite struct RulesTests {
    static let limits = MessageLimits()

    @Test(arguments: ["", " ", "\n\t ", "\u{a0}\u{2003}", "a\u{0}b", "a\u{7f}", "a\rb", "\u{85}x"])
    func refusesContent(_ content: String) { #expect(Self.limits.fault(inContent: content) != nil) }

    @Test(arguments: ["a", " a ", "a\n\tb", "👩‍👩‍👧", "<b>&amp;</b>", "\u{200b}x"])
    func takesContent(_ content: String) { #expect(Self.limits.fault(inContent: content) == nil) }

    @Test func countsScalarsAfterTrimming() {
        let full = String(repeating: "é", count: 4000)
        #expect(Self.limits.fault(inContent: "  \(full)\n ") == nil)
        #expect(Self.limits.fault(inContent: full + "x") != nil)
        #expect(Self.limits.fault(inContent: String(repeating: "👍🏽", count: 2001)) != nil)
        #expect(Self.limits.fault(inContent: String(repeating: " ", count: 1_000_000) + "x") != nil)
    }

    @Test func clientMessageIdHasAtMost64Characters() {
        #expect(Self.limits.fault(inClientMessageId: String(repeating: "ü", count: 64)) == nil)
        #expect(Self.limits.fault(inClientMessageId: String(repeating: "u", count: 65)) != nil)
        #expect(Self.limits.fault(inClientMessageId: "") != nil)
        #expect(Self.limits.fault(inClientMessageId: "a\nb") != nil)
    }

    private func draft(
        _ type: MessageType, _ content: String = "x", track: TrackRef? = nil, parent: MessageID? = nil
    ) throws(InvalidDraft) -> MessageDraft {
        try MessageDraft(
            type: type, content: content, trackRef: track, parentId: parent, clientMessageId: nil, limits: Self.limits)
    }

    @Test func namesEveryFieldAtFault() {
        #expect(throws: InvalidDraft(faults: [FieldFault("type", "must be text, track_card or reply")])) {
            try draft(.system)
        }
        #expect(throws: InvalidDraft.self) { try draft(.reply) }
        #expect(throws: InvalidDraft.self) { try draft(.trackCard) }
        for url in ["javascript:alert(1)", "data:text/html,x", "ftp://x"] {
            #expect(throws: InvalidDraft.self) {
                try draft(.trackCard, track: TrackRef(provider: "p", id: "i", title: "t", url: url))
            }
        }
        do {
            _ = try draft(.reply, "")
            Issue.record("taken")
        } catch {
            #expect(error.faults.map(\.field) == ["content", "parentId"])
        }
    }

    @Test func digestTellsBodiesApart() throws {
        let parent = MessageID.new()
        let bodies = [
            try draft(.text, "a"), try draft(.text, "b"), try draft(.text, "a", parent: parent),
            try draft(.reply, "a", parent: parent),
            try draft(.text, "a", track: TrackRef(provider: "p", id: "i", title: "t")),
            try draft(.text, "a", track: TrackRef(provider: "p", id: "i", title: "t", artist: "u")),
            try draft(.text, "a", track: TrackRef(provider: "p", id: "it", title: "t")),
        ]
        #expect(Set(bodies.map(\.digest)).count == bodies.count)
        #expect(try draft(.text, "a").digest == bodies[0].digest)
        // Stored in databases: it must never change.
        #expect(bodies[0].digest == -1_597_872_522_439_241_589)
    }

    @Test(arguments: ["👍", "❤️", "👩‍👩‍👧‍👦", "👍🏽", "🇩🇪", "1️⃣", "#️⃣", "™️", "☎️", "🏴󠁧󠁢󠁥󠁮󠁧󠁿", "❤", "⭐"])
    func isEmoji(_ text: String) { #expect(Emoji.isEmoji(text)) }

    @Test(arguments: [
        "", "a", "1", "#", "👍👍", "👍a", " 👍", "é", "\u{200d}", "\u{fe0f}", "字", "©\u{fe0e}", "\n", "\u{0}",
    ])
    func isNoEmoji(_ text: String) { #expect(!Emoji.isEmoji(text)) }

    @Test func searchTermsAreWordsAndPhrases() {
        #expect(SearchQuery("hello  World").terms == "'hello' & 'World'")
        #expect(SearchQuery("\"to be\" or").terms == "'to be' & 'or'")
        #expect(SearchQuery("and/or it's").terms == "'and or' & 'it s'")
        #expect(SearchQuery("a'b\\c | !d:*").terms == "'a b c' & 'd'")
        #expect(SearchQuery("\"unclosed phrase").terms == "'unclosed phrase'")
        #expect(SearchQuery("!!! ... \"\"").terms == nil)
    }
}

@Suite struct PublishedMarksTests {
    private let room = RoomID.new()
    private let now = ContinuousClock.now

    @Test func rangesMeet() {
        var marks = PublishedMarks()
        for seq: Int64 in [5, 6, 9, 8, 7, 2, 2, 5] { marks.note(room, seq: seq, now: now) }
        #expect(marks.next == [room: PublishedRange(first: 2, last: 2)])
        marks.settle(marks.next, now: now)
        #expect(marks.next == [room: PublishedRange(first: 5, last: 9)])
        marks.settle(marks.next, now: now)
        #expect(marks.isEmpty)
    }

    @Test func whatCameMeanwhileStays() {
        var marks = PublishedMarks()
        marks.note(room, seq: 1, now: now)
        let asked = marks.next
        marks.note(room, seq: 2, now: now)
        marks.settle(asked, now: now)
        #expect(marks.next == [room: PublishedRange(first: 2, last: 2)])
    }

    @Test func unfilledHolesAreForgotten() {
        var marks = PublishedMarks()
        marks.note(room, seq: 5, now: now)
        marks.expire(before: now)
        #expect(!marks.isEmpty)
        marks.expire(before: now + .seconds(1))
        #expect(marks.isEmpty)
    }
}

@Suite struct TextSightingsTests {
    private let key = TextSightings.Key(user: .new(), text: 1)
    private let now = ContinuousClock.now

    @Test func theFirstIsFreeAndLaterOnesAreAsked() {
        var sightings = TextSightings(limit: 3, window: .seconds(30))
        #expect(sightings.take(key, "a", now: now) == .counted)
        #expect(
            sightings.take(key, "b", now: now + .seconds(1)) == .ask(unreported: [.init(token: "a", age: .seconds(1))]))
        #expect(sightings.take(key, "c", now: now + .seconds(2)) == .ask(unreported: []))
        #expect(sightings.take(key, "d", now: now + .seconds(3)) == .refused(retryAfter: .seconds(27)))
        // A repeat of one of them is none more.
        #expect(sightings.take(key, "b", now: now + .seconds(3)) == .known)
        #expect(sightings.take(TextSightings.Key(user: .new(), text: 1), "a", now: now) == .counted)
        // The window slides.
        #expect(sightings.take(key, "e", now: now + .seconds(30)) == .ask(unreported: []))
        #expect(sightings.take(key, "f", now: now + .seconds(30.5)) == .refused(retryAfter: .seconds(0.5)))
    }

    @Test func whatWasGivenBackDoesNotCount() {
        var sightings = TextSightings(limit: 2, window: .seconds(30))
        for _ in 0..<10 {
            #expect(sightings.take(key, "a", now: now) == .counted)
            let wasReported = sightings.giveBack(key, "a")
            #expect(!wasReported)
        }
        _ = sightings.take(key, "a", now: now)
        _ = sightings.take(key, "b", now: now)
        let given = [sightings.giveBack(key, "a"), sightings.giveBack(key, "a")]
        #expect(given == [true, false])
        #expect(sightings.take(key, "c", now: now) == .ask(unreported: []))
    }

    @Test func theForgottenIsForgotten() {
        var sightings = TextSightings(limit: 2, window: .seconds(30))
        _ = sightings.take(key, "a", now: now)
        #expect(sightings.take(key, "a", now: now + .seconds(31)) == .counted)
        #expect(sightings.take(key, "a", now: now + .seconds(200)) == .counted)
    }
}
