import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// Answers that are written without a coder, for they are many or long.
extension Response {
    static func message(
        _ message: StoredMessage, reactions: [ReactionCount], status: HTTPResponse.Status = .ok,
        headers: HTTPFields = [:]
    ) -> Response {
        var json = JSONWriter()
        json.message(message, reactions: reactions)
        return .json(bytes: json.bytes, status: status, headers: headers)
    }

    static func reactions(_ reactions: [ReactionCount]) -> Response {
        var json = JSONWriter()
        json.raw("{\"reactions\":")
        json.reactions(reactions)
        json.raw("}")
        return .json(bytes: json.bytes)
    }

    /// `{"items": […], "nextCursor": …}`
    static func page<Item>(
        _ items: some Collection<Item>, next: ListCursor?, write: (inout JSONWriter, Item) -> Void
    ) throws -> Response {
        var json = JSONWriter(reserving: 64 + 512 * items.count)
        json.raw("{\"items\":[")
        var isFirst = true
        for item in items {
            if !isFirst { json.raw(",") }
            isFirst = false
            write(&json, item)
        }
        json.raw("],\"nextCursor\":")
        json.string(try next?.text)
        json.raw("}")
        return .json(bytes: json.bytes)
    }

    static func messages(
        _ messages: [StoredMessage], reactions: [MessageID: [ReactionCount]], next: ListCursor?
    ) throws -> Response {
        try page(messages, next: next) { json, message in
            json.message(message, reactions: reactions[message.id] ?? [])
        }
    }
}
