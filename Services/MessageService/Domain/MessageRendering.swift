import Events
import Identifiers

/// The three shapes of a message on the wire. A test holds them equal to what the shared Codable types write.
extension JSONWriter {
    /// Message JSON, with what its reader sees of reactions.
    mutating func message(_ message: StoredMessage, reactions: [ReactionCount]) {
        messageFields(message)
        raw(",\"replyCount\":")
        integer(message.replyCount)
        raw(",\"reactions\":")
        self.reactions(reactions)
        raw("}")
    }

    /// Message JSON inside an entry.
    mutating func message(_ message: StoredMessage) {
        messageFields(message)
        raw("}")
    }

    mutating func reactions(_ reactions: [ReactionCount]) {
        raw("[")
        for (position, reaction) in reactions.enumerated() {
            if position > 0 { raw(",") }
            raw("{\"emoji\":")
            string(reaction.emoji)
            raw(",\"count\":")
            integer(reaction.count)
            raw(",\"me\":")
            bool(reaction.me)
            raw("}")
        }
        raw("]")
    }

    /// The `message_created` entry of a message.
    mutating func creation(of message: StoredMessage) {
        entryHead(type: "message_created", seq: message.seq, at: message.createdAt, userId: message.userId)
        raw(",\"message\":")
        self.message(message)
        raw("}")
    }

    /// An entry whose further fields are JSON text already: `{…}`, never empty.
    mutating func entry(type: String, seq: Int64, at: Timestamp, userId: UserID?, body: String) {
        entryHead(type: type, seq: seq, at: at, userId: userId)
        raw(",")
        splice(body.utf8.dropFirst())
    }

    /// The event of a message's creation, as the broker carries it.
    mutating func creationEvent(
        of message: StoredMessage, eventID: EventID, track: TrackRef?, requestID: String?
    ) {
        raw("{\"event_id\":")
        id(eventID)
        raw(",\"event_type\":\"message_created\",\"room_id\":")
        string(message.room.code.description)
        raw(",\"room_uuid\":")
        id(message.room.id)
        raw(",\"user_id\":")
        id(message.userId)
        raw(",\"timestamp\":")
        time(message.createdAt)
        raw(",\"seq\":")
        integer(message.seq)
        if let requestID {
            raw(",\"request_id\":")
            string(requestID)
        }
        raw(",\"message_id\":")
        id(message.id)
        raw(",\"message_seq\":")
        integer(message.seq)
        raw(",\"sender_id\":")
        id(message.userId)
        raw(",\"message_type\":")
        string(message.type.rawValue)
        raw(",\"content\":")
        string(message.content)
        raw(",\"track_ref\":")
        if let track { snakeTrack(track) } else { null() }
        raw(",\"parent_id\":")
        id(message.parentId)
        raw(",\"client_message_id\":")
        string(message.clientMessageId)
        raw(",\"created_at\":")
        time(message.createdAt)
        raw(",\"edited_at\":")
        time(message.editedAt)
        raw(",\"deleted_at\":")
        time(message.deletedAt)
        raw("}")
    }

    private mutating func entryHead(type: String, seq: Int64, at: Timestamp, userId: UserID?) {
        raw("{\"type\":")
        string(type)
        raw(",\"seq\":")
        integer(seq)
        raw(",\"at\":")
        time(at)
        raw(",\"userId\":")
        id(userId)
    }

    /// Leaves the object open.
    private mutating func messageFields(_ message: StoredMessage) {
        raw("{\"id\":")
        id(message.id)
        raw(",\"roomId\":")
        string(message.room.code.description)
        raw(",\"seq\":")
        integer(message.seq)
        raw(",\"userId\":")
        id(message.userId)
        raw(",\"type\":")
        string(message.type.rawValue)
        raw(",\"content\":")
        string(message.content)
        raw(",\"trackRef\":")
        if let track = message.track { splice(track.utf8) } else { null() }
        raw(",\"parentId\":")
        id(message.parentId)
        raw(",\"clientMessageId\":")
        string(message.clientMessageId)
        raw(",\"createdAt\":")
        time(message.createdAt)
        raw(",\"editedAt\":")
        time(message.editedAt)
        raw(",\"deletedAt\":")
        time(message.deletedAt)
    }

    private mutating func snakeTrack(_ track: TrackRef) {
        raw("{\"provider\":")
        string(track.provider)
        raw(",\"id\":")
        string(track.id)
        raw(",\"title\":")
        string(track.title)
        if let artist = track.artist {
            raw(",\"artist\":")
            string(artist)
        }
        if let duration = track.durationMs {
            raw(",\"duration_ms\":")
            integer(duration)
        }
        if let artwork = track.artworkUrl {
            raw(",\"artwork_url\":")
            string(artwork)
        }
        if let url = track.url {
            raw(",\"url\":")
            string(url)
        }
        raw("}")
    }
}
