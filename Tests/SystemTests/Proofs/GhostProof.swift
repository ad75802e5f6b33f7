import Foundation
import ParlorClient
import TestSupport
import Testing

extension SystemTests {
    /// Connections that are gone without a FIN or a reset: to the server they look open.
    @Suite struct Ghosts {
        private struct Scene: Sendable {
            var stack: Stack
            var node: Instance
            var ada: Person, ben: Person, cleo: Person
            var room: TestRoom
            var cable: Cable
            var hers: Attendee
            /// Ben's, at the end of the cable.
            var ghost: Attendee

            func sit(_ person: Person) async throws -> Attendee {
                try await Attendee.join(node.url, room.code, as: person.account)
            }

            func refusal(of person: Person) async throws -> CloseCode? {
                do {
                    _ = try await sit(person).bye()
                    return nil
                } catch ParlorClientError.closed(let code) {
                    return code
                }
            }

            var count: Int? {
                get async throws { try await ada.http.get("/rooms/\(room.code)/stats")["participantCount"]?.int }
            }

            /// What a text that was written while the cable was pulled must never become.
            func isStored(_ content: String) async throws -> Bool {
                try await ada.timeline(room).contains { $0["message"]?["content"]?.string == content }
            }
        }

        /// A room of two with Ada and Ben in it, Cleo outside, and Ben's cable pulled with a message on its way.
        private func withGhost(
            pingSeconds: Int, _ body: @Sendable (Scene) async throws -> Void
        ) async throws {
            let stack = try Stack.here
            try await stack.withInstance(.signaling, ["PING_SECONDS": "\(pingSeconds)"]) { node in
                let people = try await stack.people(3)
                let room = try await stack.room(
                    of: people[0], members: Array(people.dropFirst()), ["kind": "meeting", "maxParticipants": 2])
                let cable = try await Cable(to: node.port)
                let hers = try await Attendee.join(node.url, room.code, as: people[0].account)
                let ghost = try await Attendee.join(cable.url, room.code, as: people[1].account)
                try await cable.pull()
                try await ghost.socket.send(["type": "message", "content": "from beyond", "clientMessageId": "beyond"])
                try await body(
                    Scene(
                        stack: stack, node: node, ada: people[0], ben: people[1], cleo: people[2], room: room,
                        cable: cable, hers: hers, ghost: ghost))
                await cable.remove()
            }
        }

        @Test func `Who was cut without a word sits again at once and counts once; the dead socket says nothing`()
            async throws
        {
            try await withGhost(pingSeconds: 3) { scene in
                #expect(try await scene.refusal(of: scene.cleo) == .roomFull)
                let back = try await scene.sit(scene.ben)
                #expect(back.joined["participants"]?.array?.count == 2)
                #expect(try await scene.count == 2)
                #expect(try await scene.refusal(of: scene.cleo) == .roomFull)
                try await scene.hers.inbox.first("the ghost is found dead", within: .seconds(60)) {
                    Self.connections(of: scene.ben, in: $0) == 1
                }
                #expect(try await scene.count == 2)
                #expect(!scene.hers.inbox.frames.contains { $0.type == "user_left" })
                try await scene.cable.plugIn()
                _ = try await scene.ghost.closeCode(within: .seconds(60))
                try await back.say("really me", clientMessageID: "me")
                #expect(try await scene.isStored("really me"))
                #expect(try await !scene.isStored("from beyond"))
                #expect(try await scene.refusal(of: scene.cleo) == .roomFull)
            }
        }

        @Test func `A ghost that newer sockets replaced is not heard any more`() async throws {
            try await withGhost(pingSeconds: 25) { scene in
                var seats: [Attendee] = []
                for _ in 0..<5 { seats.append(try await scene.sit(scene.ben)) }
                try await scene.cable.plugIn()
                #expect(try await scene.ghost.closeCode(within: .seconds(60)) == .replaced)
                #expect(try await scene.count == 2)
                try await seats[4].say("really me", clientMessageID: "me")
                #expect(try await !scene.isStored("from beyond"))
                #expect(!scene.hers.inbox.frames.contains { $0.type == "user_left" })
            }
        }

        @Test func `A ghost that nobody follows leaves once, and the seat is another's`() async throws {
            try await withGhost(pingSeconds: 3) { scene in
                let left = try await scene.hers.inbox.first("user_left", within: .seconds(60)) {
                    $0.type == "user_left"
                }
                #expect(left["userId"]?.string == scene.ben.id)
                #expect(left["reason"] == "timeout")
                let cleos = try await scene.sit(scene.cleo)
                #expect(cleos.joined["participants"]?.array?.count == 2)
                try await scene.cable.plugIn()
                _ = try await scene.ghost.closeCode(within: .seconds(60))
                #expect(try await !scene.isStored("from beyond"))
                #expect(try await scene.refusal(of: scene.ben) == .roomFull)
                #expect(scene.hers.inbox.frames.filter { $0.type == "user_left" }.count == 1)
            }
        }

        private static func connections(of person: Person, in frame: ParlorFrame) -> Int? {
            guard frame.type == "participant_updated", frame["participant"]?["userId"]?.string == person.id else {
                return nil
            }
            return frame["participant"]?["connections"]?.array?.count
        }
    }
}
