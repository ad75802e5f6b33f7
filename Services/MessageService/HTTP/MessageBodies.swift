import Events
import Foundation
import HTTPSupport
import Hummingbird
import Identifiers
import NIOCore

/// A message as a client sends it.
struct SendBody: Decodable, Sendable {
    var content: String?
    var type: MessageType?
    var parentId: MessageID?
    var trackRef: TrackRef?
    var clientMessageId: String?

    /// - Parameter operation: names a message whose sender gave it no name.
    func draft(_ limits: MessageLimits, operation: UUID? = nil) throws -> MessageDraft {
        guard let content else { throw InvalidDraft(faults: [FieldFault("content", "is required")]) }
        return try MessageDraft(
            type: type ?? .text, content: content, trackRef: trackRef, parentId: parentId,
            clientMessageId: clientMessageId ?? operation?.uuidString.lowercased(), limits: limits)
    }
}

/// Where `POST /messages` sends to.
struct RoomBody: Decodable, Sendable {
    var roomId: String

    var room: RoomReference {
        get throws {
            guard let room = RoomReference(roomId) else { throw Problem(.roomNotFound) }
            return room
        }
    }
}

struct EditBody: Decodable, Sendable {
    var content: String
}

struct ReactionBody: Decodable, Sendable {
    var emoji: String
}

struct ReadBody: Decodable, Sendable {
    var seq: Int64
}

/// A body that is read now and judged later: the room and the caller's rights come first (contract, section 2).
struct PendingBody<Body: Decodable & Sendable>: Sendable {
    private let result: Result<Body, any Error>

    init(_ request: Request, _ context: AppContext) async {
        do {
            result = .success(try await request.body(as: Body.self, context))
        } catch {
            result = .failure(error)
        }
    }

    /// - Throws: what is wrong with the body.
    func get() throws -> Body { try result.get() }
}
