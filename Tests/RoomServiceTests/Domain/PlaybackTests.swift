import Events
import Identifiers
import Testing

@testable import RoomService

/// The clock of a session, without a clock.
@Suite struct PlaybackTests {
    private static let start = Timestamp("2026-01-31T12:00:00.000Z")!

    private static func playback(length: Int?) -> Playback {
        let track = TrackRef(provider: "p", id: "1", title: "One", durationMs: length)
        return Playback(QueueItem(id: .new(), addedBy: .new(), track: track, position: 1), startedAt: start)
    }

    @Test func theEndIsTheLengthAfterTheStart() {
        let playback = Self.playback(length: 1000)
        #expect(playback.endsAt == Self.start + .seconds(1))
        #expect(!playback.hasEnded(at: Self.start + .milliseconds(999)))
        #expect(playback.hasEnded(at: Self.start + .milliseconds(1000)))
        #expect(playback.position(at: Self.start + .milliseconds(400)) == .milliseconds(400))
        #expect(playback.position(at: Self.start + .seconds(9)) == .seconds(1), "never beyond the end")
        #expect(playback.position(at: Self.start - .seconds(1)) == .zero, "nor before the start")
    }

    @Test func aPauseStandsAndAResumeGoesOnThere() {
        var playback = Self.playback(length: 10_000)
        let isPaused = playback.pause(at: Self.start + .seconds(3))
        #expect(isPaused)
        #expect(playback.endsAt == nil)
        #expect(!playback.hasEnded(at: Self.start + .seconds(100)))
        #expect(playback.position(at: Self.start + .seconds(100)) == .seconds(3))
        let isPausedAgain = playback.pause(at: Self.start + .seconds(50))
        #expect(!isPausedAgain)
        #expect(playback.position(at: Self.start + .seconds(100)) == .seconds(3))
        let isResumed = playback.resume(at: Self.start + .seconds(60))
        #expect(isResumed)
        #expect(playback.startedAt == Self.start + .seconds(57))
        #expect(playback.position(at: Self.start + .seconds(61)) == .seconds(4))
        #expect(playback.endsAt == Self.start + .seconds(67))
        let isResumedAgain = playback.resume(at: Self.start + .seconds(62))
        #expect(!isResumedAgain)
        #expect(playback.endsAt == Self.start + .seconds(67))
    }

    @Test func whatIsOverIsPausedAtItsEnd() {
        var playback = Self.playback(length: 1000)
        _ = playback.pause(at: Self.start + .seconds(5))
        #expect(playback.position(at: Self.start + .seconds(9)) == .seconds(1))
        _ = playback.resume(at: Self.start + .seconds(20))
        #expect(playback.hasEnded(at: Self.start + .seconds(20)))
    }

    @Test func aStreamOfUnknownLengthDoesNotEnd() {
        let playback = Self.playback(length: nil)
        #expect(playback.endsAt == nil)
        #expect(playback.position(at: Self.start + .seconds(100_000)) == .seconds(100_000))
    }
}

@Suite struct SessionRulesTests {
    @Test func aHostWhoLeavesHandsOverToTheDJElseToWhoIsThereForLongest() {
        let (host, dj, first, second) = (UserID.new(), UserID.new(), UserID.new(), UserID.new())
        func after(_ leaver: UserID, _ staying: [UserID], seated: Set<UserID> = [], dj: UserID) -> SessionRoles? {
            SessionRoles(host: host, dj: dj).after(leaving: leaver, staying: staying, seated: seated)
        }
        #expect(after(host, [first, dj], dj: dj) == SessionRoles(host: dj, dj: dj))
        #expect(after(host, [first, second], dj: host) == SessionRoles(host: first, dj: first))
        #expect(
            after(host, [first, second], seated: [second], dj: host) == SessionRoles(host: second, dj: second),
            "a listener sits in the room")
        #expect(after(dj, [host, first], dj: dj) == SessionRoles(host: host, dj: host))
        #expect(after(first, [host, dj], dj: dj) == SessionRoles(host: host, dj: dj))
        #expect(after(host, [], dj: host) == nil)
    }

    @Test(arguments: [(0, 0, false), (1, 1, true), (1, 2, false), (2, 3, true), (2, 4, false), (3, 4, true)])
    func moreThanHalfSkip(votes: Int, listeners: Int, isCarried: Bool) {
        #expect(SkipVote.isCarried(votes: votes, listeners: listeners) == isCarried)
    }

    @Test func aVoteTakesTheEarlierOnesPlace() {
        var item = QueueItem(
            id: .new(), addedBy: .new(), track: TrackRef(provider: "p", id: "1", title: "One"), position: 1)
        item = item.counting(.upvote, insteadOf: nil)
        #expect((item.upvotes, item.downvotes) == (1, 0))
        item = item.counting(.downvote, insteadOf: .upvote)
        #expect((item.upvotes, item.downvotes) == (0, 1))
        item = item.counting(nil, insteadOf: .downvote)
        #expect((item.upvotes, item.downvotes) == (0, 0))
    }

    @Test func changesThatComeTogetherAreToldTogether() {
        let (session, other) = (SessionID.new(), SessionID.new())
        let start = ContinuousClock.now
        var pace = UpdatePace()
        func due(after milliseconds: Int) -> [SessionID] { pace.due(at: start + .milliseconds(milliseconds)) }
        pace.change([session])
        #expect(pace.wait(at: start) == .zero)
        let first = due(after: 0)
        #expect(first == [session])
        #expect(pace.wait(at: start) == nil)
        for _ in 0..<100 { pace.change([session]) }
        let tooSoon = due(after: 10)
        #expect(tooSoon.isEmpty)
        #expect(pace.wait(at: start + .milliseconds(10)) == UpdatePace.interval - .milliseconds(10))
        pace.change([other])
        let another = due(after: 20)
        #expect(another == [other], "each session has a pace of its own")
        let last = due(after: 250)
        #expect(last == [session], "the last state is told")
        #expect(pace.wait(at: start + UpdatePace.interval) == nil)
    }

    @Test func everyFaultOfADraftIsNamed() {
        let track = TrackRef(provider: "", id: "1", title: "One", durationMs: 0, url: "javascript:alert(1)")
        #expect {
            try SessionDraft(
                .init(
                    genre: " ", name: String(repeating: "n", count: 101), isPrivate: nil,
                    tags: ["ok", "", "a\u{7}b"], initialTrack: track))
        } throws: { error in
            guard case .invalid(let faults) = error as? Refusal else { return false }
            return faults.map(\.field) == [
                "genre", "sessionName", "tags.1", "tags.2", "initialTrack.provider", "initialTrack.url",
                "initialTrack.durationMs",
            ]
        }
        #expect(throws: Refusal.invalid([FieldFault(field: "genre", message: "is required")])) {
            try SessionDraft(.init())
        }
        #expect(throws: Refusal.self) { try SessionDraft(.init(genre: "jazz", tags: Array(repeating: "t", count: 11))) }
    }

    @Test func tagsAreThereOnceInAnyCase() throws {
        let draft = try SessionDraft(.init(genre: " Jazz ", tags: ["Late", " late ", "night"]))
        #expect(draft.tags == ["Late", "night"])
        #expect(draft.genre == "Jazz")
        let room = draft.room(limits: PlanLimits(), plan: "free")
        #expect((room.kind, room.type, room.name, room.genre) == (.listening, .genre, "Jazz", "Jazz"))
        #expect(
            try SessionDraft(.init(genre: "Jazz", isPrivate: true)).room(limits: PlanLimits(), plan: "free").type
                == .private)
    }
}
