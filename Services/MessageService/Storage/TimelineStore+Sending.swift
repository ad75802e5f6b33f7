import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// A message that was checked and waits for its number.
struct PendingMessage: Sendable {
    let id: MessageID
    let room: RoomRef
    let userId: UserID
    let draft: MessageDraft
    /// `draft.trackRef` as JSON text.
    let track: String?
    /// The request or frame it came by, for its event and log line.
    let scope: RequestScope?

    init(
        id: MessageID = .new(), room: RoomRef, userId: UserID, draft: MessageDraft,
        scope: RequestScope? = RequestScope.current
    ) {
        self.id = id
        self.scope = scope
        self.room = room
        self.userId = userId
        self.draft = draft
        track = draft.trackRef.flatMap { try? String(decoding: WireJSON.encode($0), as: UTF8.self) }
    }

    /// The message as stored under a number.
    func stored(seq: Int64, at: Timestamp) -> StoredMessage {
        StoredMessage(
            id: id, room: room, seq: seq, userId: userId, type: draft.type, content: draft.content, track: track,
            parentId: draft.parentId, clientMessageId: draft.clientMessageId, createdAt: at)
    }
}

/// What became of a message.
enum StoreOutcome: Sendable, Equatable {
    case stored(seq: Int64, at: Timestamp)
    /// There was one already with this `clientMessageId` and body.
    case repeated(MessageID, seq: Int64)
    case refused(Refusal)
}

extension TimelineStore {
    /// Stores messages of any rooms with one round trip and one commit; answers are in the order given.
    ///
    /// Messages of one room get their numbers in the order given.
    func store(_ messages: [PendingMessage]) async throws -> [StoreOutcome] {
        // Sorted by room: every caller then locks rooms in the same order, and none waits in a circle.
        let order = messages.indices.sorted { left, right in
            let (one, other) = (messages[left].room.id, messages[right].room.id)
            return one == other ? left < right : one < other
        }
        let sorted = order.map { messages[$0] }
        let rows = try await flow.doubting(Set(sorted.map(\.room.id))) {
            try await pool.query(
                """
                SELECT outcome, message_id, seq, created_at, is_relayed FROM store_messages(
                    \(sorted.map(\.room.id)), \(sorted.map(\.userId)), \(sorted.map(\.id)),
                    \(sorted.map(\.draft.clientMessageId)), \(sorted.map(\.draft.type.rawValue)),
                    \(sorted.map(\.draft.content)), \(sorted.map(\.track)), \(sorted.map(\.draft.parentId)),
                    \(sorted.map(\.draft.digest)), \(sorted.map(\.scope?.requestID)))
                """)
        }
        guard rows.count == messages.count else {
            throw PGError(.decoding, "\(messages.count) messages got \(rows.count) answers")
        }
        var outcomes = [StoreOutcome](repeating: .refused(.databaseUnavailable), count: messages.count)
        for (position, row) in zip(order, rows) {
            outcomes[position] = try Self.outcome(from: row)
            guard case .stored(let seq, _) = outcomes[position], try row.get(4, as: Bool.self) else { continue }
            flow.leaveToRelay(messages[position].room.id, upTo: seq)
        }
        return outcomes
    }

    /// Whether the sender stored a message under this `clientMessageId` before.
    func isKnown(_ message: PendingMessage) async throws -> Bool {
        guard let clientMessageId = message.draft.clientMessageId else { return false }
        let rows = try await pool.read(
            """
            SELECT FROM all_messages m WHERE m.room_id = \(message.room.id) AND m.user_id = \(message.userId)
            AND m.client_message_id = \(clientMessageId)
            """)
        return !rows.isEmpty
    }

    private static func outcome(from row: PGRow) throws -> StoreOutcome {
        let (outcome, id, seq, at) = try row.decode((String, MessageID?, Int64?, Timestamp?).self)
        switch (outcome, id, seq, at) {
        case ("stored", _, .some(let seq), .some(let at)): return .stored(seq: seq, at: at)
        case ("repeated", .some(let id), .some(let seq), _): return .repeated(id, seq: seq)
        case ("mismatched", _, _, _): return .refused(.mismatched)
        case ("room_unknown", _, _, _): return .refused(.roomNotFound)
        case ("not_a_member", _, _, _): return .refused(.notAMember)
        case ("muted", _, _, _): return .refused(.muted)
        case ("room_ended", _, _, _): return .refused(.roomEnded)
        case ("parent_unknown", _, _, _): return .refused(.parentNotFound)
        default: throw PGError(.decoding, "store_messages answered \(outcome)")
        }
    }
}
