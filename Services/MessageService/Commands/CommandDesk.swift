import Events
import HTTPSupport
import Identifiers
import Logging
import Metrics
import Postgres
import ServiceSupport

/// Serves what sockets send: commands come in batches, and each gets its answer, stored or refused.
struct CommandDesk: Sendable {
    /// How long the room service may take to confirm a refusal. A client waits 10 s for its answer.
    static let confirmationDeadline: Duration = .seconds(6)

    let timeline: Timeline
    let logger: Logger

    /// Answers all commands; `reply` is called with those that are decided as soon as they are, never with none. A message
    /// whose event leaves at once is answered by that.
    ///
    /// Returns when everything but refusals is answered: those are confirmed by the room service first, out of the way
    /// of what comes after.
    func serve(_ commands: [MessageCommand], reply: @escaping @Sendable ([CommandReply]) -> Void) async {
        let round = await sorted(commands)
        var decided = round.refused
        for (accepted, outcome) in await store(round.accepted) {
            if outcome.mayBeStale {
                confirm(accepted, reply: reply)
            } else if !isTold(accepted, outcome) {
                decided.append(answer(accepted, outcome))
            }
        }
        if !decided.isEmpty { reply(decided) }
    }

    /// Answers all commands, refusals included.
    func serve(_ commands: [MessageCommand]) async -> [CommandReply] {
        let round = await sorted(commands)
        var replies = round.refused
        for (accepted, outcome) in await store(round.accepted) {
            replies.append(outcome.mayBeStale ? await retry(accepted) : answer(accepted, outcome))
        }
        return replies
    }

    private func sorted(_ commands: [MessageCommand]) async -> CommandRound {
        var round = CommandRound()
        for command in commands { await sort(command, into: &round) }
        return round
    }

    private func sort(_ command: MessageCommand, into round: inout CommandRound) async {
        do {
            let draft = try MessageDraft(
                type: command.type, content: command.content, trackRef: command.trackRef, parentId: command.parentId,
                clientMessageId: command.clientMessageId, limits: timeline.limits)
            let message = PendingMessage(
                id: MessageID(command.id), room: RoomRef(id: command.roomUuid, code: command.roomId),
                userId: command.userId, draft: draft, scope: command.requestId.map { RequestScope(requestID: $0) })
            let sighting = await timeline.texts.take(message)
            if case .refused(let retryAfter) = sighting, try await !timeline.store.isKnown(message) {
                throw Refusal.repeatedText(retryAfter: retryAfter)
            }
            round.accepted.append(AcceptedCommand(command: command, message: message, sighting: sighting))
        } catch {
            round.refused.append(.refused(command.id, refusal(error, of: command)))
        }
    }

    private func store(_ accepted: [AcceptedCommand]) async -> [(AcceptedCommand, MessageOutcomes.Outcome)] {
        let outcomes = await timeline.writer.send(accepted.map(\.message))
        for (accepted, outcome) in zip(accepted, outcomes) {
            await timeline.settle(accepted.message, accepted.sighting, try? outcome.get())
        }
        return Array(zip(accepted, outcomes))
    }

    /// Whether the message's event is on its way: it carries the command's id. Should it be lost, the node asks again.
    private func isTold(_ accepted: AcceptedCommand, _ outcome: MessageOutcomes.Outcome) -> Bool {
        guard case .success(.stored) = outcome else { return false }
        return !timeline.store.flow.isRelayed(accepted.message.room.id)
    }

    private func confirm(_ accepted: AcceptedCommand, reply: @escaping @Sendable ([CommandReply]) -> Void) {
        Background.run("confirm a refusal", deadline: Self.confirmationDeadline, logger: logger) {
            reply([await retry(accepted)])
        }
    }

    /// Tries a refused command again, with the room service's word.
    private func retry(_ accepted: AcceptedCommand) async -> CommandReply {
        do {
            let room = RoomReference.id(accepted.command.roomUuid)
            _ = try await timeline.facts.catchUp(room)
            let outcome = try await timeline.permitted(accepted.command.userId, room) {
                let outcome = try await timeline.deliver(accepted.message)
                if case .refused(let refusal) = outcome { throw refusal }
                return outcome
            }
            return answer(accepted, .success(outcome))
        } catch {
            return .refused(accepted.command.id, refusal(error, of: accepted.command))
        }
    }

    private func answer(_ accepted: AcceptedCommand, _ outcome: MessageOutcomes.Outcome) -> CommandReply {
        switch outcome {
        case .success(.stored(let seq, _)): .stored(accepted.command.id, messageId: accepted.message.id, seq: seq)
        case .success(.repeated(let id, let seq)): .stored(accepted.command.id, messageId: id, seq: seq)
        case .success(.refused(let refusal)): .refused(accepted.command.id, self.refusal(refusal, of: accepted.command))
        case .failure(let error): .refused(accepted.command.id, refusal(error, of: accepted.command))
        }
    }

    private func refusal(_ error: any Error, of command: MessageCommand) -> CommandReply.Refusal {
        Counter(label: MetricNames.messageSendFailures).increment()
        let problem = Problem(refusing: error)
        if problem.code == .internal || problem.code == .databaseUnavailable {
            logger.error(
                "a command failed",
                metadata: [
                    LogKeys.requestID: "\(command.requestId ?? "-")", LogKeys.roomID: "\(command.roomId)",
                    LogKeys.userID: "\(command.userId)", LogKeys.error: "\(String(reflecting: error))",
                ])
        }
        return CommandReply.Refusal(
            code: problem.code.rawValue, message: problem.detail ?? problem.code.title,
            retryable: problem.code.isRetryable,
            retryAfterMs: problem.retryAfter.map { Int($0.wholeMilliseconds) })
    }
}

struct AcceptedCommand: Sendable {
    var command: MessageCommand
    var message: PendingMessage
    var sighting: RepeatedTexts.Verdict
}

private struct CommandRound {
    var accepted: [AcceptedCommand] = []
    var refused: [CommandReply] = []
}

extension MessageOutcomes.Outcome {
    /// Refused on what the projection says, which may lack a fact.
    fileprivate var mayBeStale: Bool {
        if case .success(.refused(let refusal)) = self { refusal.mayBeStale } else { false }
    }
}
