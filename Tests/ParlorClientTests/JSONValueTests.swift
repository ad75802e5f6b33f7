import ParlorClient
import Testing

@Suite struct JSONValueTests {
    @Test func `Every kind of value is read and written back`() throws {
        let text = #"{"a":[1,-2,1.5,true,false,null],"b":{"c":"\"\\\n\t\u0001é😀"},"d":""}"#
        let value = try JSONValue(parsing: text)
        #expect(value["a"]?[1]?.int == -2)
        #expect(value["a"]?[2] == .number(1.5))
        #expect(value["b"]?["c"]?.string == "\"\\\n\t\u{1}é😀")
        #expect(try JSONValue(parsing: value.description) == value)
    }

    @Test func `Escapes are understood, surrogate pairs included`() throws {
        #expect(try JSONValue(parsing: #""A\u00e9\ud83d\ude00\/""#) == "Aé😀/")
    }

    @Test(arguments: [
        "", "{", "[1,]", "{\"a\":1,}", "{\"a\":1,\"a\":2}", "nul", "01x", "\"\u{1}\"", "\"\\x\"", "\"\\ud83d\"", "1 2",
        "{a:1}", "'a'", "--1", "\"abc",
    ])
    func `What is no JSON is refused`(text: String) {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: text) }
    }

    @Test func `Bytes that are no UTF-8 are refused`() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: [0x22, 0xFF, 0x22] as [UInt8]) }
    }

    @Test func `Nesting without end is refused, not followed`() {
        #expect(throws: JSONSyntaxError.self) { try JSONValue(parsing: String(repeating: "[", count: 100_000)) }
    }
}
