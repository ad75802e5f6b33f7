import Events
import Foundation
import Identifiers

extension LiveEntry {
    /// From an entry's JSON as `/timeline` gives it: it is the frame already.
    init?(json: [UInt8]) {
        guard let object = JSONObject(json), let seq = object["seq"].flatMap(object.integer),
            let type = object["type"].flatMap(object.string)
        else { return nil }
        self.init(seq: seq, frame: FrameWriter.frame(json: json, ephemeral: false))
        switch TimelineType(rawValue: type) {
        case .memberLeft, .memberBanned: effect = Self.member(object).map { .lost($0.userId) } ?? .none
        case .memberUpdated: effect = Self.member(object).map { .member($0) } ?? .none
        case .roomEnded: effect = .ended
        case .sessionEnded: effect = Self.sessionID(object).map { .sessionOver($0) } ?? .none
        case .messageDeleted: effect = .deleted
        case .messageCreated: command = Self.messageID(object)
        default: break
        }
    }

    /// From an event that carries a `seq`.
    init?(_ event: Event) {
        guard let seq = event.seq, case .timeline(let body) = event.body else { return nil }
        let entry = TimelineEntry(seq: seq, at: event.timestamp, userId: event.userId, body: body)
        guard let json = try? WireJSON.encode(entry) else { return nil }
        self.init(seq: seq, frame: FrameWriter.frame(json: json, ephemeral: false), effect: Effect(body))
        if case .messageCreated(let message) = body { command = message.id.uuid }
    }

    private static func messageID(_ entry: JSONObject) -> UUID? {
        guard let message = entry["message"].flatMap({ JSONObject(Array(entry.raw($0))) }) else { return nil }
        return message["id"].flatMap(message.string).flatMap(UUID.init(uuidString:))
    }

    private static func sessionID(_ entry: JSONObject) -> String? {
        guard let session = entry["session"].flatMap({ JSONObject(Array(entry.raw($0))) }) else { return nil }
        return session["id"].flatMap(session.string)
    }

    private static func member(_ object: JSONObject) -> MemberView? {
        object["member"].flatMap { try? WireJSON.decode(MemberView.self, from: object.raw($0)) }
    }
}

extension LiveEntry.Effect {
    init(_ body: TimelineBody) {
        switch body {
        case .memberLeft(let member, _), .memberBanned(let member, _, _): self = .lost(member.userId)
        case .memberUpdated(let member): self = .member(member)
        case .roomEnded: self = .ended
        case .sessionEnded(let session): self = session.sessionID.map { .sessionOver($0) } ?? .none
        case .messageDeleted: self = .deleted
        default: self = .none
        }
    }
}
