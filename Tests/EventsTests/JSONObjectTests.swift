import Events
import Testing

@Suite struct JSONObjectTests {
    private func object(_ text: String) -> JSONObject? { JSONObject(Array(text.utf8)) }

    @Test(arguments: [
        "{}", " { } ", #"{"a":1}"#, #"{"a":[1,2,{"b":null}],"c":"\u0041\n"}"#, #"{"a":-0.5e+10,"b":true}"#,
        #"{"":""}"#, "\t{\"a\"\r:\n0}", #"{"a":1,"a":2}"#,
    ])
    func takesObjects(_ text: String) { #expect(object(text) != nil) }

    @Test(arguments: [
        "", "[]", "1", "null", "\"a\"", "{", "{]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, #"{"a":01}"#, #"{"a":.5}"#,
        #"{"a":1.}"#, #"{"a":tru}"#, #"{"a":"\x"}"#, #"{"a":"\u12"}"#, "{\"a\":\"\n\"}", #"{a:1}"#, #"{"a":1} x"#,
        "{'a':1}", #"{"a":NaN}"#, #"{"a":1e}"#, #"{"a":--1}"#,
    ])
    func refusesWhatIsNone(_ text: String) { #expect(object(text) == nil) }

    @Test func refusesBadUTF8AndDeepNesting() {
        #expect(JSONObject([0x7B, 0x22, 0xFF, 0x22, 0x3A, 0x31, 0x7D]) == nil)
        let deep = #"{"a":"# + String(repeating: "[", count: 1000) + String(repeating: "]", count: 1000) + "}"
        #expect(object(deep) == nil)
        #expect(object(#"{"a":"# + String(repeating: "[", count: 60) + String(repeating: "]", count: 60) + "}") != nil)
    }

    @Test func readsValues() throws {
        let read = try #require(
            object(#"{"s":"a\"\u00e9\ud83d\ude00","n":12,"f":3.0,"b":false,"z":null,"o":{"x": 1}}"#))
        #expect(read["s"].flatMap(read.string) == "a\"é😀")
        #expect(read["n"].flatMap(read.integer) == 12)
        #expect(read["f"].flatMap(read.integer) == 3)
        #expect(read["b"].flatMap(read.bool) == false)
        #expect(read["z"] == nil)
        #expect(read["o"].map { String(decoding: read.raw($0), as: UTF8.self) } == #"{"x": 1}"#)
        #expect(read["s"].flatMap(read.integer) == nil)
        let lone = try #require(object(#"{"s":"\ud83d"}"#))
        #expect(lone["s"].flatMap(lone.string) == nil)
    }

    @Test func listsElements() throws {
        let read = try #require(object(#"{"a":[ 1 , "x" ,{}, [] ],"e":[]}"#))
        #expect(read["a"].flatMap(read.elements)?.map(\.kind) == [.number, .string, .object, .array])
        #expect(read["e"].flatMap(read.elements)?.isEmpty == true)
    }
}
