import Foundation
import ParlorClient

/// The main job: a meeting is opened, people are invited and let in, they talk, one too many is refused, a seat is
/// freed and taken.
struct Demo {
    let address: String
    let mailbox: DemoMailbox?
    let narrator: Narrator

    /// Makes the people of this run its own, so that any number of runs may go on at once.
    let run = String(UInt32.random(in: .min ... .max), radix: 36)
    var accounts: [String: ParlorHTTP.Account] = [:]
    var seats: [String: Attendee] = [:]
    var room = ""
    var uuid = ""
    var etag = ""

    mutating func play() async throws {
        narrator.title("A meeting at \(address)")
        try await signIn()
        try await openRoom()
        try await joinAndLeave()
        try await inviteByMail()
        try await inviteByID()
        try await takeSeats()
        try await talk()
        try await compareHistories()
        try await refuseTheFifth()
        try await freeASeat()
        try await cleanUp()
        narrator.finished("All as it should be in \(room):")
    }

    func http(_ name: String) throws -> ParlorHTTP {
        ParlorHTTP(address).with(token: try account(name).token)
    }

    func account(_ name: String) throws -> ParlorHTTP.Account {
        guard let account = accounts[name] else { throw Unexpected(description: "\(name) has not signed in") }
        return account
    }

    func seat(_ name: String) throws -> Attendee {
        guard let seat = seats[name] else { throw Unexpected(description: "\(name) has no seat") }
        return seat
    }

    /// After a failure: the room is not needed any more.
    func leaveNothingBehind() async {
        for seat in seats.values { await seat.socket.close() }
        guard !room.isEmpty, let ada = try? http("Ada") else { return }
        _ = try? await ada.exchange("DELETE", "/rooms/\(room)")
    }
}

extension Demo {
    static let people = ["Ada", "Ben", "Cleo", "Dan", "Eve"]

    mutating func signIn() async throws {
        let address = address, run = run
        accounts = try await narrator.step("Five people sign in") {
            var accounts: [String: ParlorHTTP.Account] = [:]
            for name in Demo.people {
                let email = "\(name.lowercased()).\(run)@demo.parlor.example"
                accounts[name] = try await ParlorHTTP(address).signIn(email: email, name: name)
            }
            let ada = try await ParlorHTTP(address).signIn(email: "ADA.\(run)@demo.parlor.example", name: "Ada")
            try expect(ada.userID == accounts["Ada"]?.userID, "the same address gave another user id")
            return (accounts, Told("POST /auth/dev-token", "201, a token each"))
        }
    }

    mutating func openRoom() async throws {
        let ada = try http("Ada")
        (room, uuid) = try await narrator.step("Ada opens a meeting for four") {
            let answer = try await ada.call(
                "POST", "/rooms", body: ["name": "Demo", "kind": "meeting", "maxParticipants": 4],
                headers: ["Idempotency-Key": "demo-\(UUID())"])
            let json = answer.json ?? .null
            try expect(answer.status == 201, "the answer is \(answer.status), expected 201")
            let code = json["roomId"]?.string ?? ""
            try expect(code.wholeMatch(of: /[a-z]{3}-[a-z]{4}-[a-z]{3}/) != nil, "roomId is \(code), no room code")
            try expect(json["maxParticipants"]?.int == 4, "maxParticipants is \(json["maxParticipants"] ?? .null)")
            try expect(json["myRole"] == "owner", "myRole is \(json["myRole"] ?? .null), expected owner")
            return ((code, json["id"]?.string ?? ""), Told("POST /rooms", "201 \(code)"))
        }
        let room = room, uuid = uuid
        etag = try await narrator.step("She reads it, by code and by UUID") {
            let byCode = try await ada.call("GET", "/rooms/\(room)")
            let byID = try await ada.call("GET", "/rooms/\(uuid)")
            try expect(byCode.json == byID.json, "the two answers differ")
            let etag = byCode.etag ?? ""
            let version = byCode.json?["version"]?.int ?? 0
            try expect(etag.contains("\(version)"), "ETag is \(etag), the version is \(version)")
            return (etag, Told("GET /rooms/\(room)", "200, ETag \(etag)"))
        }
        try await changeRoom()
    }

    private mutating func changeRoom() async throws {
        let ada = try http("Ada"), room = room, etag = etag
        try await narrator.step("She renames it; a stale version is refused") {
            let fresh = try await ada.call(
                "PATCH", "/rooms/\(room)", body: ["name": "Demo, renamed"], headers: ["If-Match": etag])
            try expect(fresh.json?["name"] == "Demo, renamed", "the name is \(fresh.json?["name"] ?? .null)")
            let stale = try await ada.exchange(
                "PATCH", "/rooms/\(room)", body: ["name": "Too late"], headers: ["If-Match": etag])
            try expect(
                stale.status == 412 && stale.problem?.code == "stale_version",
                "a stale If-Match got \(stale.status) \(stale.problem?.code ?? "")")
            return ((), Told("PATCH /rooms/\(room)", "200 \(fresh.etag ?? ""), then 412"))
        }
    }
}
