import Events
import Foundation
import Identifiers

/// What a client may say.
enum ClientFrame: Sendable, Equatable {
    case hello(token: String, after: Int64?)
    case message(Draft)
    case typing(Bool)
    /// `data` is the JSON text as it came.
    case signal(to: UUID, data: [UInt8])
    case media(audio: Bool?, video: Bool?, screen: Bool?)
    case read(seq: Int64)
    case refresh(token: String)
    case ping
    case bye

    /// A message before it has a room and a sender.
    struct Draft: Sendable, Equatable {
        var content: String
        var type: MessageType
        var parentId: MessageID?
        var trackRef: TrackRef?
        var clientMessageId: String?
    }
}

/// One text frame, judged.
enum Incoming: Sendable, Equatable {
    /// No JSON object: the socket closes.
    case malformed
    /// An object whose `type` is missing or unknown: an error, and the tenth closes.
    case unknownType(id: FrameID?)
    /// A known frame with a bad field.
    case invalid(FrameFault, id: FrameID?)
    case frame(ClientFrame, id: FrameID?)
}

extension Incoming {
    /// What an answer repeats, so that the client knows what was answered.
    struct Names: Equatable {
        var id: FrameID?
        var clientMessageId: String?
    }

    var names: Names {
        switch self {
        case .malformed: Names()
        case .unknownType(let id): Names(id: id)
        case .invalid(let fault, let id): Names(id: id, clientMessageId: fault.clientMessageId)
        case .frame(let frame, let id): Names(id: id, clientMessageId: frame.clientMessageId)
        }
    }
}

extension ClientFrame {
    /// What an answer to a message names.
    var clientMessageId: String? {
        if case .message(let draft) = self { draft.clientMessageId } else { nil }
    }
}

/// The `id` a client gave a frame, as JSON text, to be echoed.
struct FrameID: Sendable, Equatable {
    let json: [UInt8]
}

struct FrameFault: Error, Sendable, Equatable {
    var field: String
    var message: String
    var clientMessageId: String?
}
