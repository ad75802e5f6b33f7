import Foundation
import ParlorClient
import TestSupport

/// Two thousand people in fifty rooms, made once for all the proofs that need many. Each person belongs to one room.
struct Crowd: Sendable {
    static let rooms = 50
    static let perRoom = 40

    struct Circle: Sendable {
        var room: TestRoom
        /// The first is the owner.
        var people: [Person]

        var owner: Person { people[0] }

        /// Changes how many may sit.
        func resize(to seats: Int) async throws {
            try await owner.http.call("PATCH", "/rooms/\(room.code)", body: ["maxParticipants": .integer(seats)])
        }
    }

    var circles: [Circle]

    private static let shared = Lazily { try await Crowd(on: Stack.here) }

    static func here() async throws -> Crowd { try await shared.value() }

    private init(on stack: Stack) async throws {
        FileLimit.raise()
        // Past the gateway, which this is not about.
        let url = try stack.url(of: .room)
        circles = try await withThrowingTaskGroup(of: Circle.self) { group in
            for number in 0..<Self.rooms {
                group.addTask {
                    var people: [Person] = []
                    for index in 0..<Self.perRoom {
                        var person = try await stack.person("Crowd\(number)x\(index)")
                        person.http.baseURL = url
                        people.append(person)
                    }
                    return Circle(
                        room: try await stack.room(of: people[0], members: Array(people.dropFirst())), people: people)
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}
