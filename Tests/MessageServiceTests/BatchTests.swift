import EventBus
import Events
import Foundation
import Identifiers
import Postgres
import TestSupport
import Testing

@testable import MessageService

/// What is stored together is decided as if each message came alone, whichever way the database takes.
@Suite struct BatchTests {
    @Test func aBatchOfManyRoomsIsDecidedMessageByMessage() async throws {
        try await Stage.run { stage, instances in
            let timeline = instances[0].parts.timeline
            let (anna, ben, eve) = (UserID.new(), UserID.new(), UserID.new())
            let (plain, mixed) = (stage.rooms.create(owner: anna), stage.rooms.create(owner: anna))
            let unknown = RoomRef(id: .new(), code: .random())
            for room in [plain, mixed] {
                stage.rooms.join(room, ben)
                _ = try await timeline.facts.catchUp(.id(room.id))
            }
            func message(_ text: String, _ room: RoomRef, _ user: UserID, id: String? = nil) throws -> PendingMessage {
                PendingMessage(
                    room: room, userId: user,
                    draft: try MessageDraft(
                        type: .text, content: text, trackRef: nil, parentId: nil, clientMessageId: id,
                        limits: timeline.limits))
            }
            let first = try message("said before", mixed, ben, id: "again")
            #expect(try await timeline.store.store([first]).seqs == [3])

            // Rooms between one another: answers keep the order of the questions.
            var batch: [PendingMessage] = []
            for number in 0..<10 {
                batch.append(try message("\(number)", plain, number % 2 == 0 ? anna : ben, id: "c\(number)"))
                batch.append(try message("\(number)", mixed, number == 4 ? eve : ben, id: number == 6 ? "again" : nil))
                batch.append(try message("\(number)", unknown, anna))
            }
            batch[3 * 7 + 1] = try message("said before", mixed, ben, id: "again")
            let outcomes = try await timeline.store.store(batch)
            let byRoom = (0..<3).map { room in (0..<10).map { outcomes[3 * $0 + room] } }
            #expect(byRoom[0].seqs == Array(3...12))
            #expect(byRoom[1].seqs == [4, 5, 6, 7, nil, 8, nil, nil, 9, 10])
            #expect(byRoom[1][4] == .refused(.notAMember))
            #expect(byRoom[1][6] == .refused(.mismatched))
            #expect(byRoom[1][7] == .repeated(first.id, seq: 3))
            #expect(byRoom[2].allSatisfy { $0 == .refused(.roomNotFound) })

            // The same once more: everything that has a name of its own is known.
            let again = try await timeline.store.store(batch.filter { $0.room.id == plain.id })
            #expect(again.map(\.repeatedSeq) == Array(3...12))
            let reader = try await instances[0].timeline(anna, plain)
            #expect(reader.seqs == Array(1...12))
        }
    }

    /// Nobody who is muted is carried along by those who may speak.
    @Test func oneWhoMayNotSpeakIsRefusedInABatchOfOthers() async throws {
        try await Stage.run { stage, instances in
            let timeline = instances[0].parts.timeline
            let (anna, ben) = (UserID.new(), UserID.new())
            let room = stage.rooms.create(owner: anna)
            stage.rooms.join(room, ben)
            _ = try await timeline.facts.catchUp(.id(room.id))
            _ = try await timeline.store.pool.query(
                "UPDATE members SET is_muted = true WHERE room_id = \(room.id) AND user_id = \(ben)")
            let batch = try (0..<8).map { number in
                PendingMessage(
                    room: room, userId: number == 5 ? ben : anna,
                    draft: try MessageDraft(
                        type: .text, content: "\(number)", trackRef: nil, parentId: nil, clientMessageId: nil,
                        limits: timeline.limits))
            }
            let outcomes = try await timeline.store.store(batch)
            #expect(outcomes.seqs == [3, 4, 5, 6, 7, nil, 8, 9])
            #expect(outcomes[5] == .refused(.muted))
        }
    }
}

extension [StoreOutcome] {
    fileprivate var seqs: [Int64?] { map { if case .stored(let seq, _) = $0 { seq } else { nil } } }
}

extension StoreOutcome {
    fileprivate var repeatedSeq: Int64? { if case .repeated(_, let seq) = self { seq } else { nil } }
}
