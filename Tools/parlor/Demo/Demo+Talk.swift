import Foundation
import ParlorClient

extension Demo {
    mutating func takeSeats() async throws {
        for name in ["Ada", "Ben", "Cleo", "Dan"] {
            let account = try account(name), address = address, room = room, expected = seats.count + 1
            seats[name] = try await narrator.step("\(name) takes a seat") {
                let seat = try await Attendee.join(address, room, as: account)
                let present = seat.joined["participants"]?.array?.count ?? 0
                try expect(
                    seat.socket.subprotocol == "parlor.v1", "the subprotocol is \(seat.socket.subprotocol ?? "none")")
                try expect(present == expected, "\(present) participants, expected \(expected)")
                return (seat, Told("GET /ws/\(room)", "joined, \(present) of 4, seq \(seat.joined["seq"]?.int ?? 0)"))
            }
        }
    }

    mutating func talk() async throws {
        let lines = [
            ("Ada", "Hello, everybody"), ("Ben", "Hello, Ada 👋"), ("Cleo", "What a \"nice\" <room>\n\t— truly"),
        ]
        for (name, text) in lines {
            let speaker = try seat(name), others = seats.filter { $0.key != name }, id = "\(run)-\(name)"
            try await narrator.step("\(name) says something, all hear it") {
                let start = ContinuousClock.now
                let ack = try await speaker.say(text, clientMessageID: id)
                let acked = start.duration(to: ack.receivedAt)
                var last = start
                for (other, seat) in others {
                    let entry = try await seat.message(id)
                    try expect(
                        entry["seq"] == ack["seq"],
                        "\(other) was told seq \(entry["seq"] ?? .null), the ack says \(ack["seq"] ?? .null)")
                    try expect(
                        entry["message"]?["content"]?.string == text,
                        "\(other) was told \(entry["message"]?["content"] ?? .null)")
                    last = max(last, entry.receivedAt)
                }
                let heard = start.duration(to: last)
                return (
                    (),
                    Told(
                        "message",
                        "ack seq \(ack["seq"]?.int ?? 0) after \(tenths(acked)), all told after \(tenths(heard))")
                )
            }
        }
        let ada = try seat("Ada"), id = "\(run)-Ada"
        try await narrator.step("Ada repeats a message that she had sent") {
            let first = try await ada.answer(to: id)
            try await ada.socket.send([
                "type": "message", "content": "Hello, everybody", "clientMessageId": .string(id),
            ])
            let again = try await poll("the second ack") {
                let acks = ada.inbox.frames.filter { $0.type == "ack" && $0["clientMessageId"]?.string == id }
                return acks.count > 1 ? acks[1] : nil
            }
            try expect(
                again["seq"] == first["seq"],
                "the repeat got seq \(again["seq"] ?? .null), not \(first["seq"] ?? .null)")
            return ((), Told("message", "ack with the same seq \(again["seq"]?.int ?? 0)"))
        }
    }

    mutating func compareHistories() async throws {
        let ben = try http("Ben"), room = room, address = address, ada = try account("Ada"), run = run
        let entries = try await narrator.step("The timeline has no gap") {
            let entries = try await ben.get("/rooms/\(room)/timeline?after=0&limit=1000")["items"]?.array ?? []
            let seqs = entries.compactMap { $0["seq"]?.int }
            try expect(seqs == Array(1...max(seqs.count, 1)), "it goes \(seqs)")
            return (entries, Told("GET /rooms/\(room)/timeline", "200, 1…\(seqs.count)"))
        }
        try await narrator.step("The history shows the same messages") {
            let history = try await ben.get("/rooms/\(room)/messages")["items"]?.array ?? []
            let told = entries.filter { $0["type"] == "message_created" }.compactMap { $0["message"]?["id"] }
            try expect(history.compactMap { $0["id"] } == told.reversed(), "it has others, or another order")
            let mine = history.filter { $0["clientMessageId"]?.string == "\(run)-Ada" }
            try expect(mine.count == 1, "the repeated message is there \(mine.count) times")
            return ((), Told("GET /rooms/\(room)/messages", "200, \(history.count) messages, newest first"))
        }
        let after = max(0, entries.count - 3)
        try await narrator.step("A socket that resumes gets the same entries") {
            let second = try await Attendee.join(address, room, as: ada, after: after)
            try expect(second.joined["recovered"] == true, "recovered is \(second.joined["recovered"] ?? .null)")
            let expected = Array(entries.dropFirst(after))
            try await second.inbox.first("the last entry") { $0.entrySeq == entries.count }
            let got = second.inbox.entries.prefix(expected.count).map(\.json)
            try expect(got == expected, "the entries differ from the timeline's: \(got) and \(expected)")
            await second.socket.close()
            return ((), Told("GET /ws/\(room)?after=\(after)", "recovered, \(got.count) entries"))
        }
    }

    private func tenths(_ duration: Duration) -> String {
        String(format: "%.1f ms", duration / .milliseconds(1))
    }
}
