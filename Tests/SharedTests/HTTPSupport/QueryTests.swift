import HTTPSupport
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@Suite struct QueryTests {
    private func query(_ text: String) -> Query {
        let head = HTTPRequest(method: .get, scheme: "http", authority: "parlor", path: "/rooms?\(text)")
        return Query(Request(head: head, body: .init(buffer: ByteBuffer())))
    }

    @Test(arguments: [
        ("q=two+words", "two words"), ("q=two%20words", "two words"), ("q=a%2Bb", "a+b"), ("q=%C3%A9t%c3%A9", "été"),
        ("q=a=b", "a=b"), ("q=100%", "100%"), ("q=%zz", "%zz"), ("q=%2", "%2"), ("q=%ff", "\u{FFFD}"),
        ("p=1&q=x", "x"), ("%71=x", "x"), ("q=x&q=y", "y"),
    ])
    func textsAreReadAsFormsWriteThem(_ text: String, _ value: String) throws {
        #expect(try query(text).string("q") == value)
    }

    @Test(arguments: ["", "q", "q=", "r=x", "&&"])
    func nothingIsNoText(_ text: String) throws { #expect(try query(text).string("q") == nil) }

    @Test(arguments: ["q=%00", "q=a%1Bb", "q=%C2%85"])
    func controlCharactersAreRefused(_ text: String) {
        #expect(throws: Problem.self) { try query(text).string("q") }
    }

    @Test func valuesThatAParameterDoesNotKnowAreRefused() throws {
        for text in ["limit=", "limit=0", "limit=201", "limit=+5", "limit=x"] {
            #expect(throws: Problem.self, "\(text)") { try query(text).limit() }
        }
        #expect(try query("limit=200").limit() == 200)
        #expect(try query("").limit() == 50)
        #expect(throws: Problem.self) { try query("active=yes").bool("active") }
    }
}
