import Events
import Foundation
import Identifiers
import NIOCore
import NIOWebSocket
import Testing

@testable import SignalingService

@Suite struct FrameWriterTests {
    @Test(arguments: [1, 100, 125, 126, 127, 65_535, 65_536, 200_000])
    func headersFitEveryLength(_ length: Int) {
        let json = Array(("{\"a\":\"" + String(repeating: "x", count: max(0, length - 8)) + "\"}").utf8)
        let frame = FrameWriter.frame(json: json, ephemeral: false)
        #expect(frame.json == json)
        var bytes = frame.bytes
        let first = bytes.readInteger(as: UInt8.self)
        #expect(first == 0x81)
        let short = bytes.readInteger(as: UInt8.self)
        let count: Int? =
            switch short {
            case 126: bytes.readInteger(as: UInt16.self).map { Int($0) }
            case 127: bytes.readInteger(as: UInt64.self).map { Int($0) }
            default: short.map { Int($0) }
            }
        #expect(count == json.count)
        #expect(bytes.readableBytes == json.count)
    }

    @Test func textsAreEscaped() throws {
        let frame = ServerFrame.error(id: nil, code: "x", message: "a\"\\\n\u{1}é", retryable: false)
        let read = try #require(JSONObject(frame.json))
        #expect(read["message"].flatMap(read.string) == "a\"\\\n\u{1}é")
        #expect(read["id"] == nil)
    }

    @Test func signalsCarryTheirDataUntouched() throws {
        let data = Array(#"{ "sdp" : "v=0\r\n" }"#.utf8)
        let frame = ServerFrame.signal(from: .new(), .new(), data: data)
        let read = try #require(JSONObject(frame.json))
        #expect(read["data"].map { Array(read.raw($0)) } == data)
        #expect(frame.isEphemeral)
    }
}
