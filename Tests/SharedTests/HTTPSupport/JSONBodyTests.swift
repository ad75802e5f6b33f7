import Foundation
import HTTPSupport
import Testing

@Suite struct JSONBodyTests {
    private struct Body: Decodable {
        var name: String
        var size: Int?
        var nested: Nested?
        var note: Patch<String>
        struct Nested: Decodable {
            var flag: Bool
            var depth: Int?
        }
    }

    private func decode(_ json: String) throws -> Body { try JSONBody.decode(Body.self, from: Data(json.utf8)) }

    private func problem(_ json: String) -> Problem? {
        do {
            _ = try decode(json)
            return nil
        } catch { return error as? Problem }
    }

    @Test func nullCountsAsAbsentAndUnknownFieldsAreIgnored() throws {
        let body = try decode(#"{"name":"x","size":null,"other":[1,2]}"#)
        #expect(body.size == nil && body.note == .absent)
    }

    @Test func anUpdateTellsAbsentNullAndValueApart() throws {
        #expect(try decode(#"{"name":"x","note":null}"#).note == .null)
        #expect(try decode(#"{"name":"x","note":"n"}"#).note == .value("n"))
    }

    @Test(arguments: [
        "", "[]", "1", "\"x\"", "null", "{", "{\"name\":}", "{\"name\":\"a\"} x", "{'name':'a'}", "{\"name\":\"a\",}",
        "{\"name\":\"a\",\"other\":[1,]}", "{\"name\":\"a\",\"other\":01}", "{\"name\":\"a\"/**/}",
    ])
    func whatIsNoObjectIsInvalidJSON(_ json: String) { #expect(problem(json)?.code == .invalidJSON) }

    @Test(arguments: [
        (#"{}"#, "name"), (#"{"name":null}"#, "name"), (#"{"name":1}"#, "name"), (#"{"name":"x","size":"1"}"#, "size"),
        (#"{"name":"x","size":1.5}"#, "size"), (#"{"name":"x","nested":{"flag":1}}"#, "nested.flag"),
        (#"{"name":"x","nested":[]}"#, "nested"), (#"{"name":"x","nested":{"flag":true,"depth":1.5}}"#, "nested.depth"),
        (#"{"name":"x","note":7}"#, "note"),
    ])
    func aWrongFieldIsNamed(_ json: String, _ field: String) {
        #expect(problem(json)?.code == .invalidInput)
        #expect(problem(json)?.errors.map(\.field) == [field])
    }
}
