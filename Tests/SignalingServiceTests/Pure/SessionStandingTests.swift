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
        #expect(standing.hear(Self.state("b", 2)))
        #expect(!standing.hear(Self.state("b", 2)))
        #expect(!standing.hear(Self.state("b", 1)))
        #expect(standing.hear(Self.state("b", 3)))
        #expect(!standing.hear(Self.state("a", 9)), "of an earlier session")
        #expect(standing.hear(Self.state("c", 1)))
        standing.hear(endOf: "c")
        #expect(standing.session(at: .now()) == nil)
        #expect(!standing.hear(Self.state("c", 2)), "it is over")
        #expect(!standing.hear(Self.state("b", 9)))
        #expect(standing.hear(Self.state("d", 1)))
        standing.hear(endOf: "b")
        #expect(standing.session(at: .now()) != nil, "an earlier end is not this one's")
    }

    @Test func anAnswerThatKnowsLessEndsNothing() {
        var standing = SessionStanding()
        #expect(standing.read(Self.state("a", 1), isCurrent: false))
        #expect(!standing.read(nil, isCurrent: false))
        #expect(standing.session(at: .now()) != nil)
        #expect(!standing.read(nil, isCurrent: true))
        #expect(standing.session(at: .now()) == nil)
        #expect(!standing.read(Self.state("a", 2), isCurrent: true), "over is over")
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
