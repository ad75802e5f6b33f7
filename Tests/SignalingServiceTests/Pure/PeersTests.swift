import Testing

@testable import SignalingService

@Suite struct PeersTests {
    private let start = ContinuousClock.now

    @Test func whoSpokeLatelyIsAsked() {
        var peers = Peers(own: "a:1/1")
        peers.hear(from: "b:1/1", at: start)
        peers.hear(from: "a:1/1", at: start)
        #expect(peers.living(at: start + .seconds(10)) == ["b:1/1"])
        #expect(peers.living(at: start + .seconds(40)).isEmpty)
    }

    @Test func aNewLifeEndsTheOld() {
        var peers = Peers(own: "a:1/1")
        peers.hear(from: "b:1/1", at: start)
        peers.hear(from: "b:1/2", at: start)
        peers.hear(from: "b:1/1", at: start)
        #expect(peers.living(at: start) == ["b:1/2"])
        peers.forget("b:1/1")
        #expect(peers.living(at: start) == ["b:1/2"])
        peers.forget("b:1/2")
        #expect(peers.living(at: start).isEmpty)
    }

    @Test func anEarlierLifeOfOneselfIsNotWaitedFor() {
        var peers = Peers(own: "a:1/2")
        peers.hear(from: "a:1/1", at: start)
        #expect(peers.living(at: start).isEmpty)
    }

    @Test func aQuestionEndsWithTheLastAnswer() {
        var question = SeatQuestion(awaited: ["b", "c"])
        question.answer(from: "b")
        question.answer(from: "x")
        #expect(!question.isAnswered)
        question.answer(from: "c")
        #expect(question.isAnswered)
    }
}
