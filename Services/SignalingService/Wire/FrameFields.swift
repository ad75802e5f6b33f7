import Events
import Foundation
import Identifiers

/// Takes a client frame's fields with their rules; what breaks one is a ``FrameFault`` that names it.
struct FrameFields {
    /// Longest `id` a frame may carry, in bytes of JSON.
    static let longestID = 130
    /// Longest `clientMessageId`, in characters.
    static let longestClientMessageID = 64

    private let object: JSONObject
    private var clientMessageId: String?

    init(_ object: JSONObject) { self.object = object }

    func id() throws(FrameFault) -> FrameID? {
        guard let value = object["id"] else { return nil }
        guard value.kind == .string || value.kind == .number, value.range.count <= Self.longestID else {
            throw fault("id", "must be a string of at most 128 bytes or a number")
        }
        return FrameID(json: Array(object.raw(value)))
    }

    mutating func draft() throws(FrameFault) -> ClientFrame.Draft {
        if let key = try optionalText("clientMessageId") {
            guard !key.isEmpty, key.unicodeScalars.count <= Self.longestClientMessageID else {
                throw fault("clientMessageId", "must have 1 to \(Self.longestClientMessageID) characters")
            }
            clientMessageId = key
        }
        let type: MessageType
        if let name = try optionalText("messageType") {
            guard let known = MessageType(rawValue: name), known != .system else {
                throw fault("messageType", "must be one of text, track_card, reply")
            }
            type = known
        } else {
            type = .text
        }
        return ClientFrame.Draft(
            content: try text("content"), type: type, parentId: try uuid("parentId").map { MessageID($0) },
            trackRef: try trackRef(), clientMessageId: clientMessageId)
    }

    func text(_ name: String) throws(FrameFault) -> String { try required(name, optionalText(name)) }

    func flag(_ name: String) throws(FrameFault) -> Bool? {
        guard let value = object[name] else { return nil }
        guard let flag = object.bool(value) else { throw fault(name, "must be true or false") }
        return flag
    }

    func position(_ name: String) throws(FrameFault) -> Int64? {
        guard let value = object[name] else { return nil }
        guard let number = object.integer(value), number >= 0 else {
            throw fault(name, "must be a whole number from 0")
        }
        return number
    }

    func uuid(_ name: String) throws(FrameFault) -> UUID? {
        guard let text = try optionalText(name) else { return nil }
        guard let uuid = UUID(uuidString: text) else { throw fault(name, "must be a UUID") }
        return uuid
    }

    /// The JSON text of any value.
    func raw(_ name: String) -> [UInt8]? { object[name].map { Array(object.raw($0)) } }

    func required<T>(_ name: String, _ value: T?) throws(FrameFault) -> T {
        guard let value else { throw fault(name, "is missing") }
        return value
    }

    private func optionalText(_ name: String) throws(FrameFault) -> String? {
        guard let value = object[name] else { return nil }
        guard let text = object.string(value) else { throw fault(name, "must be a string") }
        return text
    }

    private func trackRef() throws(FrameFault) -> TrackRef? {
        guard let value = object["trackRef"] else { return nil }
        guard value.kind == .object else { throw fault("trackRef", "must be an object") }
        do {
            return try WireJSON.decode(TrackRef.self, from: object.raw(value))
        } catch {
            throw fault("trackRef", "must have provider, id and title, each field of its type")
        }
    }

    private func fault(_ field: String, _ message: String) -> FrameFault {
        FrameFault(field: field, message: message, clientMessageId: clientMessageId)
    }
}
