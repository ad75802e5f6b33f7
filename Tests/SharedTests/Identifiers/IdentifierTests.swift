import Foundation
import Identifiers
import Testing

@Suite struct IdentifierTests {
    @Test(arguments: ["abc-defg-hij", "zzz-zzzz-zzz"])
    func codesAreAccepted(_ text: String) { #expect(RoomCode(text)?.description == text) }

    @Test(arguments: [
        "", "ABC-defg-hij", "abc-defg-hi", "abc-defg-hijk", "abcd-efg-hij", "ab1-defg-hij", "abc_defg_hij",
        "äbc-defg-hi",
    ])
    func otherTextsAreNoCodes(_ text: String) { #expect(RoomCode(text) == nil) }

    @Test func randomCodesAreWellFormedAndDiffer() {
        let codes = (0..<1000).map { _ in RoomCode.random().description }
        #expect(codes.allSatisfy { RoomCode($0) != nil })
        #expect(Set(codes).count == 1000)
    }

    @Test func version7CarriesItsTimeAndSorts() {
        let early = UUID.v7(at: Timestamp(millisecondsSinceEpoch: 1_700_000_000_000))
        let late = UUID.v7(at: Timestamp(millisecondsSinceEpoch: 1_700_000_000_001))
        #expect(UserID(early) < UserID(late))
        #expect(early.uuidString.split(separator: "-")[2].hasPrefix("7"))
        #expect("89AB".contains(early.uuidString.split(separator: "-")[3].prefix(1)))
        #expect(early.bytes.prefix(6) == [0x01, 0x8B, 0xCF, 0xE5, 0x68, 0x00])
    }

    /// The example of RFC 9562, appendix A.4, is for the DNS namespace; this one was made with Python's uuid.uuid5.
    @Test func version5MatchesAnotherImplementation() {
        let uuid = UUID.v5(namespace: .urlNamespace, name: "https://issuer.example#user-1")
        #expect(uuid.uuidString.lowercased() == "925c3c1f-2378-50f2-a16e-a27b119e87b1")
    }

    @Test(arguments: [
        ("1970-01-01T00:00:00.000Z", 0), ("2000-02-29T23:59:59.999Z", 951_868_799_999),
        ("2026-11-21T01:02:03.004Z", 1_795_222_923_004), ("1969-12-31T23:59:59.999Z", -1),
    ])
    func timesAreWrittenAndReadBack(_ text: String, _ milliseconds: Int64) {
        #expect(Timestamp(millisecondsSinceEpoch: milliseconds).description == text)
        #expect(Timestamp(text)?.millisecondsSinceEpoch == milliseconds)
    }

    @Test func offsetsAndFractionsAreUnderstood() {
        #expect(Timestamp("2026-01-01T02:00:00+02:00") == Timestamp("2026-01-01T00:00:00Z"))
        #expect(Timestamp("2025-12-31T19:30:00.5-04:30") == Timestamp("2026-01-01T00:00:00.500Z"))
        #expect(Timestamp("2026-01-01T00:00:00.123456Z")?.description == "2026-01-01T00:00:00.123Z")
    }

    @Test(arguments: [
        "", "2026-01-01", "2026-13-01T00:00:00Z", "2026-02-29T00:00:00Z", "2026-01-01T24:00:00Z", "2026-01-01T00:00:00",
        "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00Zx", "0000-01-01T00:00:00+00:01", "9999-12-31T23:59:59-00:01",
    ])
    func otherTextsAreNoTimes(_ text: String) { #expect(Timestamp(text) == nil) }

    @Test func everyDayOfFourCenturiesAgreesWithFoundation() throws {
        let formatter = ISO8601DateFormatter()
        for day in stride(from: -73_000, to: 73_000, by: 97) {
            let time = Timestamp(millisecondsSinceEpoch: Int64(day) * 86_400_000 + 45_296_000)
            #expect(time.description.prefix(19) == formatter.string(from: time.date).prefix(19))
        }
    }
}
