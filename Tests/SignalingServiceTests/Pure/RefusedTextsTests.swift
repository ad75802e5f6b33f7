import Testing

@testable import SignalingService

@Suite struct RefusedTextsTests {
    @Test func aRefusalIsRememberedUntilItsEnd() {
        var texts = RefusedTexts()
        #expect(texts.wait("spam", now: 0) == nil)
        texts.note("spam", retryAfterMs: 20_000, now: 0)
        #expect(texts.wait("spam", now: 400) == 19_600)
        #expect(texts.wait("else", now: 400) == nil)
        #expect(texts.wait("spam", now: 20_000) == nil)
        texts.note("spam", retryAfterMs: 50, now: 30_000)
        #expect(texts.wait("spam", now: 30_040) == 10)
        #expect(texts.wait("spam", now: 30_050) == nil)
    }

    @Test func onlySomeAreRemembered() {
        var texts = RefusedTexts()
        for number in 0..<100 { texts.note("\(number)", retryAfterMs: 500, now: 0) }
        #expect(texts.wait("0", now: 1) == nil)
        #expect(texts.wait("99", now: 1) == 499)
    }
}
