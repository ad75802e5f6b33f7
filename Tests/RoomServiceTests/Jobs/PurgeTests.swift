import Events
import HTTPSupport
import HTTPTypes
import Identifiers
import Postgres
import Testing

@testable import RoomService

/// What is purged here has to go elsewhere too, whoever is away at the time.
@Suite struct PurgeTests {
    @Test func aPurgedRoomIsForgottenByTheMessageService() async throws {
        try await MessageServiceStandIn.run { rooms, messages in
            let people = try await Everybody(rooms)
            let deleted = try await people.room(rooms, isEnded: true)
            let id = try await rooms.id(of: deleted).description
            let expired = try await rooms.room(people.owner)
            let client = rooms.app.messageService
            let job = CleanUpJob(store: rooms.app.store, purgeAfter: .seconds(30 * 86_400)) { room in
                try await client.send(.delete, "/internal/rooms/\(room)")
            }
            messages.set(isAway: true)
            rooms.clock.advance(by: .seconds(30 * 86_400))
            await #expect(throws: (any Error).self) { try await job.run(at: rooms.clock.now) }
            // It is gone here first: nobody who asks can bring it back to life over there.
            #expect(try await rooms.call(.get, "/rooms/\(deleted)", as: people.owner).status == 404)
            #expect(try await rooms.ask(.get, "/internal/rooms/\(id)/facts").status == 404)
            #expect(messages.forgotten.isEmpty)
            messages.set(isAway: false)
            try await job.run(at: rooms.clock.now)
            try await job.run(at: rooms.clock.now)
            #expect(messages.forgotten == [id], "once, and no other room")
            #expect(try await rooms.call(.get, "/rooms/\(expired)", as: people.owner).status == 200)
        }
    }
}
