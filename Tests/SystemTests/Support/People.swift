import Foundation
import ParlorClient
import TestSupport

/// Somebody signed in.
struct Person: Sendable {
    var account: ParlorHTTP.Account
    var http: ParlorHTTP

    var id: String { account.userID }
    var name: String { account.name }
}

/// A room under test.
struct TestRoom: Sendable {
    var code: String
    var uuid: String
}

extension Stack {
    /// Somebody new, with an address of their own.
    func person(_ name: String, role: String? = nil, plan: String? = nil) async throws -> Person {
        let email = "\(name.lowercased())-\(UUID().uuidString.prefix(8).lowercased())@system.parlor.example"
        let account = try await http.signIn(email: email, name: name, role: role, plan: plan)
        return Person(account: account, http: try http.with(token: account.token))
    }

    func people(_ count: Int, _ name: String = "Guest") async throws -> [Person] {
        var people: [Person] = []
        for index in 0..<count { people.append(try await person("\(name)\(index)")) }
        return people
    }

    /// A room with its members; a chat room unless `fields` say otherwise.
    func room(of owner: Person, members: [Person] = [], _ fields: [String: JSONValue] = [:]) async throws -> TestRoom {
        let defaults: [String: JSONValue] = ["name": "Test", "kind": "chat"]
        let answer = try await owner.http.post("/rooms", .object(defaults.merging(fields) { $1 }))
        guard let code = answer["roomId"]?.string, let uuid = answer["id"]?.string else {
            throw ParlorClientError.unexpected("no room: \(answer)")
        }
        for member in members { try await member.http.post("/rooms/\(code)/join") }
        return TestRoom(code: code, uuid: uuid)
    }

    func sit(_ person: Person, in room: TestRoom, after: Int? = nil) async throws -> Attendee {
        try await Attendee.join(
            gateway, room.code, as: person.account, after: after, inbox: FrameInbox { Documented.check($0, on: .room) })
    }

    /// The code with which the room is refused; nil where it lets in, and the seat is given back.
    func refusal(of person: Person, in room: TestRoom) async throws -> CloseCode? {
        do {
            let seat = try await sit(person, in: room)
            _ = try await seat.bye()
            return nil
        } catch ParlorClientError.closed(let code?) {
            return code
        }
    }
}

extension Person {
    /// The whole timeline.
    func timeline(_ room: TestRoom, after: Int = 0) async throws -> [JSONValue] {
        var items: [JSONValue] = []
        var last = after
        while true {
            let page = try await http.get("/rooms/\(room.code)/timeline?after=\(last)&limit=1000")["items"]?.array ?? []
            items += page
            guard page.count == 1000, let seq = page.last?["seq"]?.int else { return items }
            last = seq
        }
    }

    func write(_ content: String, in room: TestRoom, id: String = UUID().uuidString) async throws -> ParlorAnswer {
        try await http.exchange(
            "POST", "/rooms/\(room.code)/messages",
            body: ["content": .string(content), "clientMessageId": .string(id)])
    }
}

extension [JSONValue] {
    var seqs: [Int] { compactMap { $0["seq"]?.int } }
}

extension JSONValue {
    func without(_ field: String) -> JSONValue {
        guard case .object(var fields) = self else { return self }
        fields[field] = nil
        return .object(fields)
    }
}
