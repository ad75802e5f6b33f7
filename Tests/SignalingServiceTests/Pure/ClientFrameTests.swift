import Events
import Foundation
import Testing

@testable import SignalingService

@Suite struct ClientFrameTests {
    private func read(_ text: String) -> Incoming { Incoming(Array(text.utf8)) }

    @Test func readsEveryFrame() {
        let id = UUID()
        #expect(read(#"{"type":"ping"}"#) == .frame(.ping, id: nil))
        #expect(read(#"{"type":"ping","id":7}"#) == .frame(.ping, id: FrameID(json: Array("7".utf8))))
        #expect(read(#"{"type":"typing","isTyping":true}"#) == .frame(.typing(true), id: nil))
        #expect(read(#"{"type":"read","seq":5}"#) == .frame(.read(seq: 5), id: nil))
        #expect(read(#"{"type":"hello","token":"t","after":3}"#) == .frame(.hello(token: "t", after: 3), id: nil))
        #expect(
            read("{\"type\":\"signal\",\"to\":\"\(id)\",\"data\":{\"a\": 1}}")
                == .frame(.signal(to: id, data: Array("{\"a\": 1}".utf8)), id: nil))
        #expect(
            read(#"{"type":"media","audio":true}"#) == .frame(.media(audio: true, video: nil, screen: nil), id: nil))
        let draft = ClientFrame.Draft(content: "Hello", type: .text, parentId: nil, trackRef: nil, clientMessageId: nil)
        #expect(read(#"{"type":"message","content":"Hello","user_id":"x"}"#) == .frame(.message(draft), id: nil))
    }

    @Test(arguments: [
        #"{"type":"message"}"#, #"{"type":"message","content":5}"#, #"{"type":"message","content":"a","parentId":"x"}"#,
        #"{"type":"message","content":"a","messageType":"system"}"#, #"{"type":"typing","isTyping":"yes"}"#,
        #"{"type":"message","content":"a","trackRef":[]}"#, #"{"type":"message","content":"a","clientMessageId":""}"#,
        #"{"type":"read","seq":-1}"#, #"{"type":"read","seq":1.5}"#, #"{"type":"signal","to":"x","data":1}"#,
        #"{"type":"signal","to":"0190b6e0-0000-7000-8000-000000000000"}"#, #"{"type":"ping","id":{}}"#,
    ])
    func badFieldsAreFaults(_ text: String) {
        guard case .invalid = read(text) else { return #expect(Bool(false), "\(text)") }
    }

    @Test func aFaultNamesTheMessage() {
        guard case .invalid(let fault, _) = read(#"{"type":"message","clientMessageId":"k","content":1}"#) else {
            return #expect(Bool(false))
        }
        #expect(fault.clientMessageId == "k")
    }

    @Test(arguments: [#"{"type":"dance"}"#, #"{"type":5}"#, "{}"])
    func otherTypesAreUnknown(_ text: String) { #expect(read(text) == .unknownType(id: nil)) }

    @Test(arguments: ["", "x", "[]", "1", "{"])
    func whatIsNoObjectIsMalformed(_ text: String) { #expect(read(text) == .malformed) }
}
