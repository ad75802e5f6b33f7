import Events
import Foundation
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

@Suite struct DiscoveryTests {
    private func names(_ rooms: TestRooms, _ user: TestUser, _ query: String) async throws -> [String] {
        try await rooms.call(.get, "/rooms/discover?\(query)", as: user).json.items.compactMap { $0["name"].string }
    }

    @Test func onlyListedRoomsAreFoundAsPreviews() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            for type in ["public", "unlisted", "private", "genre", "artist"] {
                _ = try await rooms.room(
                    user, ["type": .string(type), "name": .string("Late \(type)"), "genre": "Jazz", "kind": "chat"])
            }
            #expect(try await Set(names(rooms, user, "")) == ["Late public", "Late genre", "Late artist"])
            #expect(try await Set(names(rooms, user, "q=late&genre=JAZZ&kind=chat")).count == 3)
            #expect(try await names(rooms, user, "type=genre") == ["Late genre"])
            #expect(try await names(rooms, user, "q=private").isEmpty)
            #expect(try await names(rooms, user, "q=lat").isEmpty)
            #expect(try await names(rooms, user, "kind=meeting").isEmpty)
            let items = try await rooms.call(.get, "/rooms/discover", as: user).json.items
            #expect(items.allSatisfy { $0["hostId"] == .null && $0["myRole"] == .null })
            for wrong in ["type=private", "type=unlisted", "sort=best", "active=maybe", "kind=x", "limit=0"] {
                #expect(try await rooms.call(.get, "/rooms/discover?\(wrong)", as: user).status == 400)
            }
        }
    }

    @Test func ordersAndDeepPages() async throws {
        try await TestRooms.run { rooms in
            let (user, guest) = (try await rooms.user(), try await rooms.user())
            var codes: [String] = []
            for name in ["beta", "Alpha", "delta", "Gamma"] {
                codes.append(try await rooms.room(user, ["type": "public", "name": .string(name)]))
                rooms.clock.advance(by: .seconds(1))
            }
            try await rooms.join(guest, codes[0])
            try await rooms.call(.delete, "/rooms/\(codes[2])", as: user)
            let orders = [
                "activity": ["beta", "Gamma", "Alpha"], "newest": ["Gamma", "Alpha", "beta"],
                "name": ["Alpha", "beta", "Gamma"], "members": ["beta", "Gamma", "Alpha"],
            ]
            for (sort, expected) in orders {
                #expect(try await names(rooms, user, "sort=\(sort)") == expected, "\(sort)")
                let first = try await rooms.call(.get, "/rooms/discover?limit=2&sort=\(sort)", as: user)
                let cursor = try #require(first.json["nextCursor"].string)
                #expect(try await names(rooms, user, "limit=2&sort=\(sort)&cursor=\(cursor)") == [expected[2]])
                let other = sort == "name" ? "newest" : "name"
                let wrong = try await rooms.call(.get, "/rooms/discover?sort=\(other)&cursor=\(cursor)", as: user)
                #expect(wrong.code == "invalid_cursor")
            }
            #expect(try await names(rooms, user, "active=false") == ["delta"])
        }
    }

    @Test func genresAreFoundAsFormsWriteThem() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            _ = try await rooms.room(user, ["type": "genre", "genre": "Drum + Bass", "name": "Loud"])
            for written in ["drum+%2B+bass", "DRUM%20%2b%20BASS"] {
                #expect(try await names(rooms, user, "genre=\(written)") == ["Loud"])
            }
        }
    }

    /// Whatever somebody makes of a cursor or a parameter: it is refused, or finds something; nothing breaks.
    @Test func whatNobodyGaveOutIsRefused() async throws {
        try await TestRooms.run { rooms in
            let user = try await rooms.user()
            let id = RoomID.new().description
            func answer(_ query: String) async throws -> String? {
                try await rooms.call(.get, "/rooms/discover?\(query)", as: user).code
            }
            for (sort, field) in [
                ("members", #""count": 10000000000"#), ("members", #""count": -10000000000"#),
                ("members", #""name": "a""#),
                ("name", #""name": "a\u0000""#), ("activity", #""time": "0000-01-01T00:00:00+01:00""#),
            ] {
                let json = "{\"sort\": \"\(sort)\", \(field), \"id\": \"\(id)\"}"
                let cursor = Data(json.utf8).base64EncodedString().replacing("=", with: "")
                    .replacing("+", with: "-").replacing("/", with: "_")
                #expect(try await answer("sort=\(sort)&cursor=\(cursor)") == "invalid_cursor", "\(json)")
            }
            for parameter in ["genre", "q"] {
                #expect(try await answer("\(parameter)=%00") == "invalid_input")
                #expect(try await answer("\(parameter)=%ff") == nil)
            }
        }
    }

    @Test func itCanBeSwitchedOff() async throws {
        try await TestRooms.run(["FEATURE_DISCOVERY": "admins"]) { rooms in
            let (user, admin) = (try await rooms.user(), try await rooms.user(role: "admin"))
            #expect(try await rooms.call(.get, "/rooms/discover", as: user).code == "feature_disabled")
            #expect(try await rooms.call(.get, "/rooms/discover", as: admin).status == 200)
        }
    }

    @Test func searchesAreLimited() async throws {
        try await TestRooms.run(["SEARCH_BURST": "2", "SEARCH_RATE": "0.001"]) { rooms in
            let user = try await rooms.user()
            for _ in 0..<2 { #expect(try await rooms.call(.get, "/rooms/discover?q=x", as: user).status == 200) }
            #expect(try await rooms.call(.get, "/rooms/discover?q=x", as: user).code == "rate_limited")
            #expect(try await rooms.call(.get, "/rooms/discover", as: user).status == 200)
        }
    }
}
