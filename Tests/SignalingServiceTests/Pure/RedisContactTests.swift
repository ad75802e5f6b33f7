import Testing

@testable import SignalingService

@Suite struct RedisContactTests {
    private let start = ContinuousClock.now

    private func contact(_ answers: (clock: Int64, after: Duration)...) -> (since: Int64, heard: Int64) {
        let contact = RedisContact()
        for answer in answers { contact.heard(answer.clock, asked: start + answer.after) }
        return contact.span
    }

    @Test func aRowOfAnswersIsOneContact() {
        #expect(contact() == (0, 0))
        #expect(contact((1000, .zero), (5000, .seconds(4)), (9500, .milliseconds(8_500))) == (1000, 9500))
    }

    @Test func aSilenceBreaksIt() {
        #expect(contact((1000, .zero), (7000, .seconds(6))) == (7000, 7000))
    }

    @Test func aClockThatJumpsBreaksIt() {
        #expect(contact((1000, .zero), (31_000, .seconds(1))) == (31_000, 31_000))
        #expect(contact((50_000, .zero), (20_000, .seconds(1))) == (20_000, 20_000))
        #expect(contact((1000, .zero), (3000, .seconds(1))) == (1000, 3000))
    }
}
