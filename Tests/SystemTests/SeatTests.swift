import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Seats {
        private struct Try: Sendable {
            var seat: Attendee?
            var code: CloseCode?
        }

        private func tryToSit(_ people: [Person], in room: TestRoom, _ stack: Stack) async throws -> [Try] {
            try await withThrowingTaskGroup(of: Try.self) { group in
                for person in people { group.addTask { try await tryToSit(person, in: room, stack) } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
        }

        private func tryToSit(_ person: Person, in room: TestRoom, _ stack: Stack) async throws -> Try {
            while true {
                do { return Try(seat: try await stack.sit(person, in: room)) } catch ParlorClientError.closed(let code)
                {
                    // A busy machine may ask for another try, which decides nothing.
                    guard code == .unavailable else { return Try(code: code) }
                    try await Task.sleep(for: .milliseconds(500))
                }
            }
        }

        @Test func `Of twenty who come at once four get in, and a freed seat is given again`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), people = try await stack.people(20)
            let room = try await stack.room(of: ada, members: people, ["kind": "meeting"])
            let tries = try await tryToSit(people, in: room, stack)
            let seated = tries.compactMap(\.seat)
            #expect(seated.count == 4)
            #expect(tries.compactMap(\.code) == Array(repeating: .roomFull, count: 16))
            #expect(seated.allSatisfy { ($0.joined["participants"]?.array?.count ?? 0) <= 4 })
            let newcomer = try await stack.person("Late")
            expectProblem(409, "room_full", try await newcomer.http.exchange("POST", "/rooms/\(room.code)/join"))
            _ = try await seated[0].bye()
            let second = try await tryToSit(
                people.filter { person in !seated.contains { $0.account.userID == person.id } }, in: room, stack)
            #expect(second.compactMap(\.seat).count == 1)
            for seat in seated.dropFirst() + second.compactMap(\.seat) { await seat.socket.close() }
        }

        @Test func `Sockets of one person share a seat, up to five`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada, members: [ben], ["kind": "meeting", "maxParticipants": 2])
            let his = try await stack.sit(ben, in: room)
            var hers: [Attendee] = []
            for _ in 0..<5 { hers.append(try await stack.sit(ada, in: room)) }
            #expect(hers.last?.joined["participants"]?.array?.count == 2)
            let connections = hers.last?.joined["participants"]?.array?
                .first { $0["userId"]?.string == ada.id }?["connections"]?.array
            #expect(connections?.count == 5)
            hers.append(try await stack.sit(ada, in: room))
            #expect(try await hers[0].closeCode() == .replaced)
            // One of five going is no leaving.
            await hers[1].socket.close()
            try await his.inbox.first("a connection less") {
                $0.type == "participant_updated" && $0["participant"]?["connections"]?.array?.count == 4
            }
            #expect(!his.inbox.frames.contains { $0.type == "user_left" })
            for seat in hers + [his] { await seat.socket.close() }
        }

        @Test func `Who vanished without a word comes back into a full room at once, and counts once`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben"),
                cleo = try await stack.person("Cleo")
            let room = try await stack.room(of: ada, members: [ben, cleo], ["kind": "meeting", "maxParticipants": 2])
            let hers = try await stack.sit(ada, in: room), ghost = try await stack.sit(ben, in: room)
            await ghost.socket.vanish()
            #expect(try await stack.refusal(of: cleo, in: room) == .roomFull)
            let back = try await stack.sit(ben, in: room)
            #expect(back.joined["participants"]?.array?.count == 2)
            #expect(try await stack.refusal(of: cleo, in: room) == .roomFull)
            try await back.say("here again", clientMessageID: "back")
            _ = try await hers.message("back")
            for seat in [hers, back] { await seat.socket.close() }
            await ghost.socket.cut()
        }

        @Test func `A connection that broke frees its seat without a word`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben"),
                cleo = try await stack.person("Cleo")
            let room = try await stack.room(of: ada, members: [ben, cleo], ["kind": "meeting", "maxParticipants": 2])
            let hers = try await stack.sit(ada, in: room), his = try await stack.sit(ben, in: room)
            await his.socket.cut()
            let left = try await hers.inbox.first("user_left") { $0.type == "user_left" }
            #expect(left["userId"]?.string == ben.id)
            #expect(left["reason"] == "closed")
            let cleos = try await stack.sit(cleo, in: room)
            for seat in [hers, cleos] { await seat.socket.close() }
            #expect(hers.inbox.frames.filter { $0.type == "user_left" && $0["userId"]?.string == ben.id }.count == 1)
        }

        @Test func `What is said of seats agrees everywhere`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada, members: [ben])
            let seats = [try await stack.sit(ada, in: room), try await stack.sit(ben, in: room)]
            func count() async throws -> Int? { try await ada.http.get("/rooms/\(room.code)")["participantCount"]?.int }
            func online() async throws -> Int? {
                try await ada.http.get("/rooms/\(room.code)/participants")["items"]?.array?
                    .filter { $0["isOnline"] == true }.count
            }
            try await eventually("two are counted") { try await (count(), online()) == (2, 2) }
            _ = try await seats[1].bye()
            try await eventually("one is counted") { try await (count(), online()) == (1, 1) }
            await seats[0].socket.close()
            try await eventually("nobody is counted") { try await (count(), online()) == (0, 0) }
        }
    }
}
