import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    @Suite struct Resume {
        @Test func `Who was away gets exactly what was missed, in order, and then goes on live`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada"), ben = try await stack.person("Ben")
            let room = try await stack.room(of: ada, members: [ben])
            let before = try await stack.sit(ben, in: room)
            let place = try #require(before.joined["seq"]?.int)
            await before.socket.cut()
            let hers = try await stack.sit(ada, in: room)
            for index in 0..<12 { try await hers.say("missed \(index)", clientMessageID: "missed-\(index)") }
            let id = try #require(try await hers.answer(to: "missed-0")["messageId"]?.string)
            try await ada.http.post("/messages/\(id)/reactions", ["emoji": "👍"])
            let back = try await stack.sit(ben, in: room, after: place)
            #expect(back.joined["recovered"] == true)
            #expect(back.joined["recent"]?.array?.isEmpty == true)
            try await hers.say("live", clientMessageID: "live")
            _ = try await back.message("live")
            let missed = try await ada.timeline(room, after: place)
            #expect(back.inbox.entries.map(\.json) == missed)
            #expect(missed.seqs == Array(place + 1...place + 14))
            for seat in [hers, back] { await seat.socket.close() }
        }

        @Test func `Who comes from the future, or for the first time, gets the recent messages`() async throws {
            let stack = try Stack.here
            let ada = try await stack.person("Ada")
            let room = try await stack.room(of: ada)
            let first = try await stack.sit(ada, in: room)
            for index in 0..<3 { try await first.say("m\(index)", clientMessageID: "m\(index)") }
            for after in [nil, 1_000_000] {
                let seat = try await stack.sit(ada, in: room, after: after)
                #expect(seat.joined["recovered"] == false)
                let contents = seat.joined["recent"]?.array?.compactMap { $0["content"]?.string }
                #expect(contents == ["m0", "m1", "m2"])
                await seat.socket.close()
            }
            await first.socket.close()
        }

        @Test func `Readers whose sockets are cut again and again miss nothing and see nothing twice`() async throws {
            let stack = try Stack.here, gateway = try stack.gateway
            let ada = try await stack.person("Ada"), readers = try await stack.people(3, "Reader")
            let room = try await stack.room(of: ada, members: readers)
            let hers = try await stack.sit(ada, in: room)
            let start = try #require(hers.joined["seq"]?.int)
            let count = 60
            try await withThrowingTaskGroup(of: [Int].self) { group in
                for reader in readers {
                    group.addTask {
                        var last = start
                        var seen: [Int] = []
                        while last < start + count {
                            let seat = try await Attendee.join(gateway, room.code, as: reader.account, after: last)
                            try await seat.inbox.first("another entry") { ($0.entrySeq ?? 0) > last }
                            await seat.socket.cut()
                            seen += seat.inbox.entries.compactMap(\.entrySeq)
                            last = seen.last ?? last
                            // Joins have a limit, which is not what this is about.
                            try await Task.sleep(for: .milliseconds(250))
                        }
                        return seen
                    }
                }
                for index in 0..<count {
                    try await hers.say("line \(index)", clientMessageID: "line-\(index)")
                    try await Task.sleep(for: .milliseconds(110))
                }
                for try await seen in group { #expect(seen == Array(start + 1...start + count)) }
            }
            await hers.socket.close()
        }
    }
}
