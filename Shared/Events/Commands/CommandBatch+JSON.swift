import Foundation
import Identifiers

// Both batches pass by the thousand each second, so they are written and read without a coder. A test holds them equal
// to what Codable writes.

extension CommandBatch {
    /// Its JSON, as `JSONEncoder` would write it but for the order of fields.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 32 + commands.count * 512)
        writer.raw("{\"commands\":[")
        for (position, command) in commands.enumerated() {
            if position > 0 { writer.raw(",") }
            writer.command(command)
        }
        writer.raw("]}")
        return writer.bytes
    }

    /// Nil for what is no batch, or has a command that is none.
    public init?(json: [UInt8]) {
        guard let object = JSONObject(json), let list = object["commands"], let items = object.elements(list) else {
            return nil
        }
        var commands: [MessageCommand] = []
        commands.reserveCapacity(items.count)
        for item in items {
            guard item.kind == .object, let fields = JSONObject(Array(object.raw(item))),
                let command = MessageCommand(fields)
            else { return nil }
            commands.append(command)
        }
        self.init(commands: commands)
    }
}

extension ReplyBatch {
    /// Its JSON, as `JSONEncoder` would write it but for the order of fields.
    public var json: [UInt8] {
        var writer = JSONWriter(reserving: 32 + replies.count * 128)
        writer.raw("{\"replies\":[")
        for (position, reply) in replies.enumerated() {
            if position > 0 { writer.raw(",") }
            writer.reply(reply)
        }
        writer.raw("]}")
        return writer.bytes
    }

    /// Nil for what is no batch, or has a reply that is none.
    public init?(json: [UInt8]) {
        guard let object = JSONObject(json), let list = object["replies"], let items = object.elements(list) else {
            return nil
        }
        var replies: [CommandReply] = []
        replies.reserveCapacity(items.count)
        for item in items {
            guard item.kind == .object, let fields = JSONObject(Array(object.raw(item))),
                let reply = CommandReply(fields)
            else { return nil }
            replies.append(reply)
        }
        self.init(replies: replies)
    }
}

// MARK: - Out

extension JSONWriter {
    fileprivate mutating func command(_ command: MessageCommand) {
        raw("{\"id\":")
        uuid(command.id)
        raw(",\"roomUuid\":")
        id(command.roomUuid)
        raw(",\"roomId\":")
        string(command.roomId.description)
        raw(",\"userId\":")
        id(command.userId)
        if let requestId = command.requestId {
            raw(",\"requestId\":")
            string(requestId)
        }
        raw(",\"type\":")
        string(command.type.rawValue)
        raw(",\"content\":")
        string(command.content)
        // Rare enough to be written by a coder; what it cannot write could not be read either.
        if let track = command.trackRef, let json = try? WireJSON.encode(track) {
            raw(",\"trackRef\":")
            splice(json)
        }
        if let parentId = command.parentId {
            raw(",\"parentId\":")
            id(parentId)
        }
        raw(",\"clientMessageId\":")
        string(command.clientMessageId)
        raw("}")
    }

    fileprivate mutating func reply(_ reply: CommandReply) {
        raw("{\"id\":")
        uuid(reply.id)
        if let messageId = reply.messageId {
            raw(",\"messageId\":")
            id(messageId)
        }
        if let seq = reply.seq {
            raw(",\"seq\":")
            integer(seq)
        }
        if let error = reply.error, let json = try? WireJSON.encode(error) {
            raw(",\"error\":")
            splice(json)
        }
        raw("}")
    }
}

// MARK: - In

extension MessageCommand {
    fileprivate init?(_ fields: JSONObject) {
        guard let id = fields["id"].flatMap(fields.string).flatMap(UUID.init(uuidString:)),
            let roomUuid = fields["roomUuid"].flatMap(fields.string).flatMap({ RoomID($0) }),
            let roomId = fields["roomId"].flatMap(fields.string).flatMap({ RoomCode($0) }),
            let userId = fields["userId"].flatMap(fields.string).flatMap({ UserID($0) }),
            let type = fields["type"].flatMap(fields.string).flatMap(MessageType.init(rawValue:)),
            let content = fields["content"].flatMap(fields.string),
            let clientMessageId = fields["clientMessageId"].flatMap(fields.string)
        else { return nil }
        var (track, parent): (TrackRef?, MessageID?) = (nil, nil)
        if let value = fields["trackRef"] {
            guard let read = try? WireJSON.decode(TrackRef.self, from: fields.raw(value)) else { return nil }
            track = read
        }
        if let value = fields["parentId"] {
            guard let read = fields.string(value).flatMap({ MessageID($0) }) else { return nil }
            parent = read
        }
        self.init(
            id: id, roomUuid: roomUuid, roomId: roomId, userId: userId,
            requestId: fields["requestId"].flatMap(fields.string), type: type, content: content, trackRef: track,
            parentId: parent, clientMessageId: clientMessageId)
    }
}

extension CommandReply {
    fileprivate init?(_ fields: JSONObject) {
        guard let id = fields["id"].flatMap(fields.string).flatMap(UUID.init(uuidString:)) else { return nil }
        if let value = fields["error"] {
            guard let error = try? WireJSON.decode(Refusal.self, from: fields.raw(value)) else { return nil }
            self = .refused(id, error)
        } else {
            guard let messageId = fields["messageId"].flatMap(fields.string).flatMap({ MessageID($0) }),
                let seq = fields["seq"].flatMap(fields.integer)
            else { return nil }
            self = .stored(id, messageId: messageId, seq: seq)
        }
    }
}
