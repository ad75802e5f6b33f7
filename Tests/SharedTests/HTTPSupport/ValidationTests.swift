import HTTPSupport
import Testing

@Suite struct ValidationTests {
    private func errors(_ check: (inout Validation) -> Void) -> [FieldError] {
        var validation = Validation()
        check(&validation)
        do {
            try validation.finish()
            return []
        } catch { return (error as? Problem)?.errors ?? [] }
    }

    @Test func everyWrongFieldIsNamedAtOnce() {
        let found = errors {
            $0.text("name", "  ", length: 1...100)
            $0.text("description", String(repeating: "x", count: 501), length: 0...500)
            $0.email("email", "nobody")
        }
        #expect(found.map(\.field) == ["name", "description", "email"])
    }

    @Test func lengthsCountScalarsAfterTrimming() {
        #expect(
            errors {
                $0.text("name", "  " + String(repeating: "é", count: 100) + "\n", length: 1...100, multiline: true)
            }.isEmpty)
        // A family emoji is one character to the eye and seven scalars.
        #expect(errors { $0.text("name", String(repeating: "👨‍👩‍👧‍👦", count: 15), length: 1...100) }.count == 1)
    }

    @Test(arguments: ["a\u{0}b", "a\u{1B}b", "a\u{7F}", "a\u{85}b", "a\nb", "a\tb"])
    func controlCharactersAreRefused(_ text: String) {
        #expect(errors { $0.text("name", text, length: 1...100) }.count == 1)
    }

    @Test func newlineAndTabMayStandInLongerTexts() {
        #expect(errors { $0.text("content", "a\nb\tc", length: 1...100, multiline: true) }.isEmpty)
        #expect(errors { $0.text("content", "a\rb", length: 1...100, multiline: true) }.count == 1)
    }

    @Test(arguments: ["a@b.c", "Ann.Bee+x@mail.example.org", "ü@exämple.org"])
    func addresses(_ text: String) { #expect(TextRules.isEmail(text)) }

    @Test(arguments: [
        "", "a", "@b.c", "a@", "a@b", "a@b..c", "a@@b.c", "a b@c.d", "a@b.c\r\nBcc: x@y.z", "<a@b.c>", "a@-b.c",
    ])
    func noAddresses(_ text: String) { #expect(!TextRules.isEmail(text)) }

    @Test func cursorsAreOpaqueAndStrict() throws {
        let text = try Cursor.encode(["a": 1])
        #expect(try Cursor.decode(text, as: [String: Int].self) == ["a": 1])
        #expect(throws: Problem(.invalidCursor)) { try Cursor.decode("bnVsbA", as: String?.self) }
        for bad in ["", "x", "%%%", text + "x", try Cursor.encode("other")] {
            #expect(throws: Problem(.invalidCursor)) { try Cursor.decode(bad, as: [String: Int].self) }
        }
    }
}
