import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// From a search to a room of two, through all services.
    @Suite struct Pairing {
        /// Nobody else's: other tests search too.
        private let interest = UUID().uuidString
        private var search: JSONValue { ["interests": .array([.string(interest)])] }

        @Test func `Two search, are told on every device, talk, like each other and keep the room`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let hers = try await Device.open(stack, ada),
                his = [
                    try await Device.open(stack, ben), try await Device.open(stack, ben),
                ]
            let waiting = try await ada.http.call("POST", "/chat/search", body: search)
            #expect(waiting.status == 202)
            #expect(waiting.json == ["status": "searching"])
            let matched = try await ben.http.call("POST", "/chat/search/", body: search)
            #expect(matched.status == 200)
            let room = try #require(matched.json?["room"])
            expectShape(.room, room)
            #expect(room["kind"] == "pair")
            let code = try #require(room["roomId"]?.string)
            for device in [hers] + his {
                let told = try await device.inbox.first("the match") { $0.type == "match_found" }
                expectShape(.room, told["room"])
                #expect(told["room"] == room)
            }
            for person in [ada, ben] {
                #expect(try await person.http.get("/chat/current-room") == ["status": "matched", "room": room])
            }

            let place = TestRoom(code: code, uuid: try #require(room["id"]?.string))
            let seats = [try await stack.sit(ada, in: place), try await stack.sit(ben, in: place)]
            try await seats[0].say("hello, whoever you are", clientMessageID: "m1")
            _ = try await seats[1].message("m1")
            let read = try await ben.http.get("/chat/room/\(code)/messages")
            #expect(read["items"]?.array?.first?["content"] == "hello, whoever you are")
            let eve = try await stack.person("Eve")
            expectProblem(403, "not_a_member", try await eve.http.exchange("GET", "/chat/room/\(code)/messages"))
            expectProblem(403, "not_a_member", try await eve.http.exchange("GET", "/chat/room/\(code)"))
            #expect(try await stack.refusal(of: eve, in: place) == .notAMember)

            for person in [ada, ada, ben, ada] {
                #expect(try await person.http.call("POST", "/chat/like/\(code)").status == 204)
            }
            for device in [hers] + his {
                try await device.inbox.first("the like") { $0.type == "mutual_like" && $0["roomId"]?.string == code }
            }
            for person in [ben, ada] {
                #expect(try await person.http.call("POST", "/chat/keep/\(code)").status == 204)
            }
            let kept = try await ada.http.get("/chat/room/\(code)")
            #expect(kept["kind"] == "chat" && kept["expiresAt"] == .null && kept["myRole"] == "owner")
            for seat in seats {
                try await seat.inbox.first("the room is kept") {
                    $0.type == "room_updated" && $0["room"]?["kind"] == "chat"
                }
            }
            let timeline = try await ben.timeline(place)
            #expect(timeline.seqs == Array(1...timeline.count))
            for person in [ada, ben] {
                #expect(try await person.http.get("/chat/current-room")["status"] == "none")
            }
            for device in [hers] + his {
                try await device.settle()
                for type in ["match_found", "mutual_like"] {
                    #expect(device.inbox.frames.count { $0.type == type } == 1, "told once")
                }
                #expect(!device.inbox.frames.contains { $0.type == "notification" })
                await device.socket.close()
            }
            for seat in seats { _ = try await seat.bye() }
        }

        @Test func `Who ends the room closes it to both, and they do not meet again soon`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let place = try await pair(ada, ben)
            let seat = try await stack.sit(ada, in: place)
            #expect(try await ben.http.call("POST", "/chat/end/\(place.code)").status == 204)
            #expect(try await seat.closeCode() == .roomEnded)
            expectProblem(410, "room_ended", try await ada.http.exchange("POST", "/chat/like/\(place.code)"))
            #expect(try await ada.http.get("/chat/room/\(place.code)/messages")["items"]?.array == [])
            for person in [ada, ben] {
                #expect(try await person.http.get("/chat/current-room") == ["status": "none", "room": .null])
                #expect(try await person.http.call("POST", "/chat/search", body: search).status == 202)
            }
            let cleo = try await stack.person("Cleo")
            #expect(try await cleo.http.call("POST", "/chat/search", body: search).status == 200)
            for person in [ada, ben] {
                #expect(try await person.http.call("POST", "/chat/cancel-search").status == 204)
            }
        }

        @Test func `A report ends the room and is the administrators' to read`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let admin = try await stack.person("Root", role: "admin")
            let place = try await pair(ada, ben)
            let reported = try await ada.http.call("POST", "/chat/report/\(place.code)", body: ["reason": "rude"])
            #expect(reported.status == 204)
            let reports = try await admin.http.get("/admin/reports")["items"]?.array ?? []
            let report = try #require(reports.first { $0["roomId"]?.string == place.code })
            #expect(report["userId"]?.string == ben.id && report["reason"] == "rude")
            #expect(try await ben.http.get("/chat/current-room")["status"] == "none")
        }

        @Test func `Two who share nothing are told of each other after ten seconds, without another call`() async throws
        {
            let stack = try Stack.here
            let people = try await stack.people(2)
            var devices: [Device] = []
            let start = ContinuousClock.now
            for person in people {
                devices.append(try await Device.open(stack, person))
                let answer = try await person.http.call(
                    "POST", "/chat/search", body: ["interests": .array([.string(UUID().uuidString)])])
                #expect(answer.status == 202)
            }
            for device in devices {
                try await device.inbox.first("the match") { $0.type == "match_found" }
                #expect(.now - start >= .seconds(10))
                await device.socket.close()
            }
        }

        /// Everybody insists as a client would; the service dies amid that, twice.
        @Test
        func `The room service is killed amid a burst of searches: everybody has one partner, nobody is reserved`()
            async throws
        {
            let stack = try Stack.here
            let people = try await stack.people(40)
            let search = search
            async let searches: Void = forEach(people, atOnce: 40) { person in
                try await Task.sleep(for: .milliseconds(.random(in: 0...400)))
                let answer = try await person.insist("POST", "/chat/search", body: search)
                #expect([200, 202].contains(answer.status), "\(answer.text)")
            }
            for _ in 0..<2 {
                try await Task.sleep(for: .milliseconds(150))
                let pid = try stack.pid(of: .room)
                try stack.kill(.room)
                try await stack.awaitRestart(of: .room, after: pid)
            }
            try await searches
            var partners: [String: [Person]] = [:]
            for person in people {
                var standing: JSONValue = .null
                // Two whom the kill kept from looking once more have each other when their ten seconds are over.
                try await eventually("\(person.name) is matched", within: .seconds(60)) {
                    standing = try await person.http.get("/chat/current-room")
                    return standing["status"] == "matched"
                }
                partners[try #require(standing["room"]?["roomId"]?.string), default: []].append(person)
            }
            #expect(partners.count == 20)
            for (room, pair) in partners {
                let members = try await pair[0].http.get("/rooms/\(room)/members")["items"]?.array ?? []
                #expect(Set(members.compactMap { $0["userId"]?.string }) == Set(pair.map(\.id)))
                #expect(pair.count == 2)
                #expect(try await pair[0].http.get("/rooms")["items"]?.array?.count == 1, "no other room was made")
            }
            try await stack.recovered()
        }

        /// Two whom a search has brought together.
        private func pair(_ one: Person, _ other: Person) async throws -> TestRoom {
            try await one.http.call("POST", "/chat/search", body: search)
            let room = try await other.http.call("POST", "/chat/search", body: search).json?["room"]
            return TestRoom(
                code: try #require(room?["roomId"]?.string), uuid: try #require(room?["id"]?.string))
        }
    }
}
