import Events
import Identifiers

extension Incoming {
    /// Judges the text of one frame.
    init(_ bytes: [UInt8]) {
        guard let object = JSONObject(bytes) else {
            self = .malformed
            return
        }
        var fields = FrameFields(object)
        do {
            let id = try fields.id()
            guard let type = object["type"].flatMap(object.string), let read = Self.readers[type] else {
                self = .unknownType(id: id)
                return
            }
            do {
                self = .frame(try read(&fields), id: id)
            } catch {
                self = .invalid(error, id: id)
            }
        } catch {
            self = .invalid(error, id: nil)
        }
    }

    private typealias Reader = @Sendable (inout FrameFields) throws(FrameFault) -> ClientFrame

    private static let readers: [String: Reader] = [
        "hello": { (fields) throws(FrameFault) in
            .hello(token: try fields.text("token"), after: try fields.position("after"))
        },
        "message": { (fields) throws(FrameFault) in .message(try fields.draft()) },
        "typing": { (fields) throws(FrameFault) in .typing(try fields.required("isTyping", fields.flag("isTyping"))) },
        "signal": { (fields) throws(FrameFault) in
            let data = try fields.required("data", fields.raw("data"))
            return .signal(to: try fields.required("to", fields.uuid("to")), data: data)
        },
        "media": { (fields) throws(FrameFault) in
            .media(audio: try fields.flag("audio"), video: try fields.flag("video"), screen: try fields.flag("screen"))
        },
        "read": { (fields) throws(FrameFault) in .read(seq: try fields.required("seq", fields.position("seq"))) },
        "refresh": { (fields) throws(FrameFault) in .refresh(token: try fields.text("token")) },
        "ping": { (_) throws(FrameFault) in .ping },
        "bye": { (_) throws(FrameFault) in .bye },
    ]
}
