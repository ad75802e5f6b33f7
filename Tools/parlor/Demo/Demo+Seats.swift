import ParlorClient

extension Demo {
    mutating func refuseTheFifth() async throws {
        let eve = try account("Eve"), room = room, address = address
        try await narrator.step("Eve would be the fifth: refused") {
            do {
                _ = try await Attendee.join(address, room, as: eve)
            } catch ParlorClientError.closed(.roomFull) {
                return ((), Told("GET /ws/\(room)", "closed with \(CloseCode.roomFull)"))
            }
            throw Unexpected(description: "she was let in")
        }
    }

    mutating func freeASeat() async throws {
        let ben = try seat("Ben"), ada = try seat("Ada"), room = room, address = address
        let eve = try account("Eve"), benID = try account("Ben").userID
        try await narrator.step("Ben says bye and frees his seat") {
            let code = try await ben.bye()
            try expect(code == .normal, "his socket closed with \(code.map { "\($0)" } ?? "no code")")
            let left = try await ada.inbox.first("user_left") {
                $0.type == "user_left" && $0["userId"]?.string == benID
            }
            try expect(left["reason"] == "bye", "the others were told \(left["reason"] ?? .null)")
            return ((), Told("bye", "closed with \(CloseCode.normal), the others are told"))
        }
        seats["Ben"] = nil
        seats["Eve"] = try await narrator.step("Now Eve gets in") {
            let seat = try await Attendee.join(address, room, as: eve)
            let present = seat.joined["participants"]?.array?.count ?? 0
            try expect(present == 4, "\(present) participants, expected 4")
            return (seat, Told("GET /ws/\(room)", "joined, 4 of 4"))
        }
    }

    mutating func cleanUp() async throws {
        let ada = try http("Ada"), room = room, seats = seats
        try await narrator.step("Ada ends the meeting, all sockets close") {
            let answer = try await ada.call("DELETE", "/rooms/\(room)")
            try expect(answer.status == 204, "the answer is \(answer.status), expected 204")
            for (name, seat) in seats {
                let code = try await seat.closeCode()
                try expect(code == .roomEnded, "\(name)'s socket closed with \(code.map { "\($0)" } ?? "no code")")
            }
            let ended = try await ada.get("/rooms/\(room)")
            try expect(ended["isActive"] == false, "isActive is \(ended["isActive"] ?? .null)")
            return ((), Told("DELETE /rooms/\(room)", "204, closed with \(CloseCode.roomEnded)"))
        }
        self.seats = [:]
    }
}
