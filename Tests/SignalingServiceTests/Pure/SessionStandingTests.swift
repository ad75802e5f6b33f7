import Events
import Identifiers
import Testing

@testable import SignalingService

@Suite struct SessionStandingTests {
    private static func state(_ id: String, _ version: Int64?, _ name: String = "x") -> SessionState {
        SessionState(session: .object(["id": .string(id), "name": .string(name)]), sessionVersion: version)
    }

    @Test func whatIsToldLateIsNoNews() {
        var standing = SessionStanding()
        func news(_ states: (String, Int64)...) -> [Bool] { states.map { standing.hear(Self.state($0.0, $0.1)) } }
        let ofOne = news(("b", 2), ("b", 2), ("b", 1), ("b", 3))
        #expect(ofOne == [true, false, false, true])
        let ofAnEarlierOne = news(("a", 9))
        #expect(ofAnEarlierOne == [false])
        let ofTheNext = news(("c", 1))
        #expect(ofTheNext == [true])
        standing.hear(endOf: "c")
        #expect(standing.session(at: .now()) == nil)
        let afterTheEnd = news(("c", 2), ("b", 9), ("d", 1))
        #expect(afterTheEnd == [false, false, true])
        standing.hear(endOf: "b")
        #expect(standing.session(at: .now()) != nil, "an earlier end is not this one's")
    }

    @Test func anAnswerThatKnowsLessEndsNothing() {
        var standing = SessionStanding()
        let isNews = [
            standing.read(Self.state("a", 1), isCurrent: false), standing.read(nil, isCurrent: false),
        ]
        #expect(isNews == [true, false])
        #expect(standing.session(at: .now()) != nil)
        let none = standing.read(nil, isCurrent: true)
        #expect(!none)
        #expect(standing.session(at: .now()) == nil)
        let late = standing.read(Self.state("a", 2), isCurrent: true)
        #expect(!late, "over is over")
    }

    @Test(arguments: [(0, 0), (400, 400), (1500, 1000), (-50, 0)])
    func thePositionGoesOn(after milliseconds: Int64, position: Int64) throws {
        let start = Timestamp("2026-01-31T12:00:00.000Z")!
        var playing: [String: JSONValue] = [
            "startedAt": .string(start.description), "positionMs": .integer(7), "pausedAt": .null,
            "item": .object(["trackRef": .object(["durationMs": .integer(1000)])]),
        ]
        func told() -> JSONValue? {
            var standing = SessionStanding()
            _ = standing.hear(
                SessionState(session: .object(["id": .string("a"), "nowPlaying": .object(playing)]), sessionVersion: 1))
            guard case .object(let session) = standing.session(at: start + .milliseconds(milliseconds)),
                case .object(let playing) = session["nowPlaying"]
            else { return nil }
            return playing["positionMs"]
        }
        #expect(told() == .integer(position))
        playing["pausedAt"] = .string(start.description)
        #expect(told() == .integer(7), "while paused it stands")
    }
}
