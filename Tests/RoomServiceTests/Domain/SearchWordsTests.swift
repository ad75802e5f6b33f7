import Testing

@testable import RoomService

@Suite struct SearchWordsTests {
    @Test func wordsAreLowerCaseRunsOfLettersAndDigits() {
        #expect(SearchWords.words(of: "Jazz-Night: 2×Köln!", "jazz") == ["2", "jazz", "köln", "night"])
    }

    @Test func aQueryAsksForAllWords() {
        #expect(SearchWords.query("  Late'; night ") == "'late' & 'night'")
        #expect(SearchWords.query(" -- ' ") == nil)
    }
}
