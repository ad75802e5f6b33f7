import Events
import Foundation
import HTTPTypes
import Identifiers
import Redis
import TestSupport
import Testing

@testable import RoomService

/// What calls cost, counted on the wires: a read is one look at the cache, a change one transaction, and a stranger costs
/// the same whatever there is to hide.
@Suite struct CostTests {
    private struct Cost: Equatable, CustomStringConvertible {
        /// Round trips to the database.
        var flights: [WireTap.Flight]
        /// Commands for Redis. The first is the limit that every call counts against.
        var commands: [String]

        var commits: Int { flights.flatMap(\.statements).count { $0 == "COMMIT" } }
        /// Statements that change something outside of a transaction.
        var lone: [String] {
            flights.filter { !$0.isInTransaction }.flatMap(\.statements)
                .filter { $0.contains(/^\s*(INSERT|UPDATE|DELETE|WITH)/) }
        }
        var description: String { "\(flights.map(\.statements)) \(commands)" }
    }

    /// What `call` asks; not what the outbox sweeps meanwhile.
    private func cost(
        _ database: WireTap, _ cache: WireTap, _ call: () async throws -> Answer, _ status: Int
    ) async throws -> Cost {
        _ = (database.take(), cache.take())
        let answer = try await call()
        #expect(answer.status == status, "\(answer.json)")
        let flights = database.take().filter { flight in
            !flight.statements.allSatisfy {
                $0.contains(/FROM outbox|UPDATE outbox|synchronous_commit|advisory|^SELECT 1$/)
            }
        }
        return Cost(flights: flights, commands: cache.take().flatMap(\.statements).filter { $0 != "SET" })
    }

    @Test func aReadIsOneLookAtTheCache() async throws {
        try await TestRooms.runTapped { rooms, database, cache in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms)
            for user in [people.moderator, people.other] { try await rooms.call(.get, "/users/me", as: user) }
            let shown = try await cost(
                database, cache, { try await rooms.call(.get, "/rooms/\(room)", as: people.moderator) }, 200)
            #expect(shown.flights.count == 1 && shown.commands == ["EVALSHA", "EXISTS"], "\(shown)")
            let reads = [
                "", "?status=all", "/discover", "/discover?q=room", "/\(room)/participants", "/\(room)/members",
                "/\(room)/stats", "/\(room)/invitations", "/\(room)/bans", "/\(room)/audit",
            ]
            for path in reads {
                // What a script costs the first time, its text, is not counted.
                try await rooms.call(.get, "/rooms\(path)", as: people.moderator)
                let found = try await cost(
                    database, cache, { try await rooms.call(.get, "/rooms\(path)", as: people.moderator) }, 200)
                #expect(found.flights.count <= 2 && found.commits == 0 && found.lone.isEmpty, "\(path): \(found)")
                // The limits of a search are two.
                #expect(found.commands.count <= 2, "\(path): \(found)")
            }
        }
    }

    @Test func aChangeIsOneTransaction() async throws {
        try await TestRooms.runTapped { rooms, database, cache in
            let people = try await Everybody(rooms)
            let room = try await people.room(rooms, type: "public")
            let newcomer = try await rooms.user("newcomer")
            func change(
                _ method: HTTPRequest.Method, _ path: String, as user: TestUser, _ body: [String: JSONValue]? = nil,
                _ status: Int = 200, key: String? = nil
            ) async throws {
                let headers = key.map { ["Idempotency-Key": $0] } ?? [:]
                let found = try await cost(
                    database, cache,
                    { try await rooms.call(method, path, as: user, body: body, headers: headers) }, status)
                #expect(found.commits == 1, "\(method) \(path): \(found)")
                // A key is claimed before anything begins, so that its twin sees it.
                #expect(found.lone.count == (key == nil ? 0 : 1), "\(method) \(path): \(found)")
            }
            for user in [people.owner, people.moderator, people.member, newcomer] {
                try await rooms.call(.get, "/users/me", as: user)
            }
            let at = "/rooms/\(room)"
            try await change(.post, "/rooms", as: people.owner, nil, 201)
            try await change(.post, "/rooms", as: people.owner, nil, 201, key: "a")
            try await change(.post, "\(at)/join", as: newcomer)
            try await change(.patch, at, as: people.owner, ["description": "New"])
            try await change(.patch, "\(at)/members/\(newcomer.id)", as: people.moderator, ["isMuted": true])
            try await change(.post, "\(at)/invite", as: people.member, ["email": "a@example.test"], 201)
            try await change(.post, "\(at)/invite", as: people.member, ["email": "b@example.test"], 201, key: "b")
            let invitations = try await rooms.call(.get, "\(at)/invitations", as: people.member).json.items
            let invitation = try #require(invitations.first?["invitationId"].string)
            try await change(.delete, "/invitations/\(invitation)", as: people.member, nil, 204)
            try await change(.post, "\(at)/reports", as: people.member, ["reason": "loud"], 201)
            try await change(.post, "\(at)/leave", as: newcomer)
            let body: [String: JSONValue] = ["userId": .string(newcomer.id.description)]
            try await change(.post, "\(at)/bans", as: people.moderator, body, 201)
            try await change(.delete, "\(at)/bans/\(newcomer.id)", as: people.moderator, nil, 204)
            try await change(.post, "\(at)/members", as: people.moderator, body, 201)
            try await change(.delete, "\(at)/members/\(newcomer.id)", as: people.moderator, nil, 204)
            try await change(.patch, "\(at)/members/\(people.member.id)", as: people.owner, ["role": "owner"])
            try await change(.delete, at, as: people.member, nil, 204)
        }
    }

    /// What a stranger's call makes the service do does not depend on whether there is a room, nor on what of it is in
    /// the cache: nobody learns by the clock what the answer does not say.
    @Test func aPrivateRoomCostsAStrangerWhatNoRoomDoes() async throws {
        try await TestRooms.runTapped { rooms, database, cache in
            let people = try await Everybody(rooms)
            let (warm, cold) = (
                try await people.room(rooms, type: "private"), try await people.room(rooms, type: "private")
            )
            let names = [warm, try await rooms.id(of: warm).description]
            let coldNames = [cold, try await rooms.id(of: cold).description]
            let missing = ["abc-defg-hij", UUID().uuidString.lowercased()]
            let calls: [(HTTPRequest.Method, String, [String: JSONValue]?)] = [
                (.get, "", nil), (.get, "/members", nil), (.get, "/participants", nil), (.get, "/stats", nil),
                (.get, "/ice-servers", nil), (.get, "/audit/verify", nil), (.post, "/join", nil),
                (.post, "/leave", nil),
                (.post, "/invite", ["email": "x@example.test"]), (.patch, "", ["name": "x"]), (.delete, "", nil),
            ]
            for user in [people.other, people.banned] {
                try await rooms.call(.get, "/users/me", as: user)
                for (method, path, body) in calls {
                    for kind in [0, 1] {
                        func asked(_ room: String, _ status: Int) async throws -> Cost {
                            try await cost(
                                database, cache,
                                { try await rooms.call(method, "/rooms/\(room)\(path)", as: user, body: body) }, status)
                        }
                        _ = try await rooms.call(method, "/rooms/\(missing[kind])\(path)", as: user, body: body)
                        let none = try await asked(missing[kind], 404)
                        _ = try await rooms.redis.send(RedisCommand("DEL", "room:\(cold)"))
                        #expect(try await asked(names[kind], 403) == none, "\(method) \(path)")
                        #expect(try await asked(coldNames[kind], 403) == none, "\(method) \(path), not in the cache")
                    }
                }
            }
        }
    }
}
