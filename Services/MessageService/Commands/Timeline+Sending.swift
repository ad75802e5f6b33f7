import Identifiers
import Logging
import Metrics
import Postgres
import ServiceSupport

/// What a sender gets back.
enum SentMessage: Sendable {
    case created(StoredMessage)
    /// The original of a repeat, as it is now.
    case repeated(StoredMessage)
}

extension Timeline {
    /// Sends a message.
    ///
    /// - Parameters:
    ///   - id: the message's, if it becomes one.
    ///   - admit: takes from the sender's rate limit for the room; throws when it is used up.
    ///   - draft: checks the body, after the room and the sender's rights.
    func send(
        _ id: MessageID, in room: RoomReference, by user: UserID, admit: (RoomRef) async throws -> Void,
        draft: () throws -> MessageDraft
    ) async throws -> SentMessage {
        try await permitted(user, room) {
            guard let standing = try await store.standing(of: user, in: room) else { throw Refusal.roomNotFound }
            try Self.checkVoice(standing, draft: draft)
            let draft = try draft()
            try await admit(standing.room)
            let message = PendingMessage(id: id, room: standing.room, userId: user, draft: draft)
            switch try await deliver(message) {
            case .stored(let seq, let at): return .created(message.stored(seq: seq, at: at))
            case .repeated(let id, _):
                guard let original = try await store.message(id, in: standing) else { throw Refusal.messageNotFound }
                return .repeated(original)
            case .refused(let refusal): throw refusal
            }
        }
    }

    /// A repeat of what is stored finds its original though its sender was muted since, or the room ended; so the writer
    /// decides about those who might be repeating.
    private static func checkVoice(_ standing: MessageStanding, draft: () throws -> MessageDraft) throws {
        let member = try standing.requireMember()
        guard member.isMuted || !standing.isActive else { return }
        if let draft = try? draft(), draft.clientMessageId != nil { return }
        try standing.requireVoice()
        try standing.requireActive()
    }

    /// Stores one message, unless it says what its sender said too often.
    func deliver(_ message: PendingMessage) async throws -> StoreOutcome {
        let sighting = await texts.take(message)
        if case .refused(let retryAfter) = sighting {
            // A repeat of a stored message is no repeated text.
            guard try await store.isKnown(message) else { return .refused(.repeatedText(retryAfter: retryAfter)) }
            return try await writer.send([message])[0].get()
        }
        do {
            let outcome = try await writer.send([message])[0].get()
            await settle(message, sighting, outcome)
            return outcome
        } catch {
            await settle(message, sighting, nil)
            throw error
        }
    }

    /// What became of a message, for its text's count and for the log.
    func settle(_ message: PendingMessage, _ sighting: RepeatedTexts.Verdict, _ outcome: StoreOutcome?) async {
        if case .stored = outcome { return report(message) }
        if sighting == .counted { await texts.giveBack(message) }
    }

    /// The log's line for a stored message.
    private func report(_ message: PendingMessage) {
        logger.info(
            "message_sent",
            metadata: [
                LogKeys.roomID: "\(message.room.code)", LogKeys.messageID: "\(message.id)",
                LogKeys.userID: "\(message.userId)", LogKeys.requestID: "\(message.scope?.requestID ?? "-")",
            ])
    }
}
