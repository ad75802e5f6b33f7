import Foundation
import ParlorClient
import Synchronization

/// Prints a room's events in words.
final class ChatScreen: Sendable {
    private let ownID: String
    private let isTalking: Bool
    private let asJSON: Bool
    /// Display names of everybody met so far.
    private let people = Mutex<[String: String]>([:])
    private let present = Mutex<Set<String>>([])

    init(ownID: String, isTalking: Bool, asJSON: Bool = false) {
        self.ownID = ownID
        self.isTalking = isTalking
        self.asJSON = asJSON
    }

    func show(_ event: ParlorSession.Event) {
        switch event {
        case .joined(let frame, let recovered): joined(frame, recovered)
        case .entry(let frame): entry(frame)
        case .frame(let frame): presence(frame)
        case .away(let code, let delay):
            let reason = code.map { "\($0)" } ?? "the connection broke"
            note("away: \(reason); trying again in \(delay.inSeconds)")
        }
    }

    func showParticipants() {
        note("here: " + present.withLock { $0 }.map { name($0) }.sorted().joined(separator: ", "))
    }

    /// About the talk, not part of it; kept apart from the entries.
    func note(_ text: String) {
        FileHandle.standardError.write(Data("— \(safe(text))\n".utf8))
    }

    private func joined(_ frame: ParlorFrame, _ recovered: Bool) {
        let participants = frame["participants"]?.array ?? []
        for participant in participants { meet(participant) }
        present.withLock { $0 = Set(participants.compactMap { $0["userId"]?.string }) }
        if !recovered { note("some of what was said meanwhile is not shown; the history has it") }
        let title = frame["room"]?["name"]?.string ?? frame["room"]?["roomId"]?.string ?? "the room"
        note("in \(title), with \(participants.count) here")
        if asJSON { return }
        for message in frame["recent"]?.array ?? [] { say(message) }
    }

    private func entry(_ frame: ParlorFrame) {
        if asJSON { return put(frame.json.description) }
        if let member = frame["member"] { meet(member) }
        switch frame.type {
        case "message_created": if let message = frame["message"] { say(message) }
        case "message_updated": if let message = frame["message"] { say(message, mark: " (edited)") }
        case "message_deleted": note("\(name(of: frame)) deleted a message")
        case "reaction_added": note("\(name(of: frame)) reacted \(frame["emoji"]?.string ?? "")")
        case "member_joined": note("\(frame["member"]?["displayName"]?.string ?? "somebody") is a member now")
        case "member_left": note("\(frame["member"]?["displayName"]?.string ?? "somebody") left")
        case "room_ended": note("the room has ended")
        default: note(frame.type.replacing("_", with: " "))
        }
    }

    private func presence(_ frame: ParlorFrame) {
        switch frame.type {
        case "user_joined":
            guard let participant = frame["participant"], let id = participant["userId"]?.string else { return }
            meet(participant)
            _ = present.withLock { $0.insert(id) }
            note("\(name(id)) is here")
        case "user_left":
            guard let id = frame["userId"]?.string else { return }
            _ = present.withLock { $0.remove(id) }
            note("\(name(id)) is gone")
        case "draining": note("the server restarts soon")
        default: break
        }
    }

    private func say(_ message: JSONValue, mark: String = "") {
        let author = message["userId"]?.string ?? ""
        // What one typed stands on the screen already, but for what is replayed.
        let who = author == ownID && isTalking ? "me" : name(author)
        let text = message["deletedAt"]?.string != nil ? "(deleted)" : message["content"]?.string ?? ""
        let time = message["createdAt"]?.string.map { String($0.dropFirst(11).prefix(5)) } ?? ""
        put("\(time) \(safe(who)): \(safe(text))\(mark)")
    }

    private func meet(_ person: JSONValue) {
        guard let id = person["userId"]?.string, let name = person["displayName"]?.string else { return }
        people.withLock { $0[id] = name }
    }

    private func name(_ id: String) -> String { people.withLock { $0[id] } ?? String(id.suffix(6)) }
    private func name(of frame: ParlorFrame) -> String { name(frame["userId"]?.string ?? "") }

    /// Texts of others must not steer the terminal.
    private func safe(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.properties.generalCategory == .control
                    return isControl && scalar != "\n" && scalar != "\t" ? "\u{FFFD}" : scalar
                }))
    }

    private func put(_ line: String) {
        FileHandle.standardOutput.write(Data((line + "\n").utf8))
    }
}
