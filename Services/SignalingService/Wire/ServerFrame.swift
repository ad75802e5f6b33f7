import Events
import Foundation
import Identifiers

/// The frames a server sends, but for the timeline entries.
enum ServerFrame {
    static func pong(id: FrameID?, serverTime: Timestamp) -> Frame {
        var writer = FrameWriter(type: "pong")
        writer.field("id", json: id.json)
        writer.field("serverTime", serverTime)
        return writer.finish(ephemeral: true)
    }

    /// The answer to a frame that carried an `id` and is done.
    static func ack(id: FrameID) -> Frame {
        var writer = FrameWriter(type: "ack")
        writer.field("id", json: id.json)
        return writer.finish(ephemeral: false)
    }

    static func ack(id: FrameID?, clientMessageId: String, messageId: MessageID, seq: Int64) -> Frame {
        var writer = FrameWriter(type: "ack")
        writer.field("id", json: id.json)
        writer.field("clientMessageId", clientMessageId)
        writer.field("messageId", messageId)
        writer.field("seq", seq)
        return writer.finish(ephemeral: false)
    }

    static func error(
        id: FrameID?, code: String, message: String, retryable: Bool, retryAfterMs: Int? = nil,
        clientMessageId: String? = nil
    ) -> Frame {
        var writer = FrameWriter(type: "error")
        if let id { writer.field("id", json: id.json) }
        writer.field("code", code)
        writer.field("message", message)
        writer.field("retryable", retryable)
        if let retryAfterMs { writer.field("retryAfterMs", Int64(retryAfterMs)) }
        if let clientMessageId { writer.field("clientMessageId", clientMessageId) }
        return writer.finish(ephemeral: false)
    }

    static func draining(reconnectAfterMs: Int) -> Frame {
        var writer = FrameWriter(type: "draining")
        writer.field("reconnectAfterMs", Int64(reconnectAfterMs))
        return writer.finish(ephemeral: false)
    }

    static func typing(userId: UserID, isTyping: Bool) -> Frame {
        var writer = FrameWriter(type: "typing")
        writer.field("userId", userId)
        writer.field("isTyping", isTyping)
        return writer.finish(ephemeral: true)
    }

    static func signal(from userId: UserID, _ connectionId: ConnectionID, data: some Collection<UInt8>) -> Frame {
        var sender = "{\"userId\":\"\(userId)\",\"connectionId\":\"\(connectionId)\"}"
        var writer = FrameWriter(type: "signal", capacity: data.count + 192)
        writer.field("from", json: sender.withUTF8 { Array($0) })
        writer.field("data", json: data)
        return writer.finish(ephemeral: true)
    }

    static func media(userId: UserID, _ connectionId: ConnectionID, _ state: MediaState) -> Frame {
        var writer = FrameWriter(type: "media")
        writer.field("userId", userId)
        writer.field("connectionId", connectionId)
        writer.field("audio", state.audio)
        writer.field("video", state.video)
        writer.field("screen", state.screen)
        return writer.finish(ephemeral: true)
    }

    /// `type` with one field of ready JSON, as most notices are.
    static func notice(_ type: StaticString, _ field: StaticString, json: [UInt8], ephemeral: Bool = true) -> Frame {
        var writer = FrameWriter(type: type, capacity: json.count + 64)
        writer.field(field, json: json)
        return writer.finish(ephemeral: ephemeral)
    }

    static func userLeft(_ userId: UserID, _ reason: PresenceEndReason) -> Frame {
        var writer = FrameWriter(type: "user_left")
        writer.field("userId", userId)
        writer.field("reason", reason.rawValue)
        return writer.finish(ephemeral: true)
    }
}

extension FrameID? {
    /// What an answer shows where the client gave none.
    fileprivate var json: [UInt8] { self?.json ?? Array("null".utf8) }
}
