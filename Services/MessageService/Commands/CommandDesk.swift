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

    /// Answers all commands; `reply` is called with those that are decided as soon as they are, never with none.
    ///
    /// Returns when everything but refusals is answered: those are confirmed by the room service first, out of the way
    /// of what comes after.
    func serve(_ commands: [MessageCommand], reply: @escaping @Sendable ([CommandReply]) -> Void) async {
        var round = CommandRound()
        for command in commands { await sort(command, into: &round) }
        var decided = round.refused
        for chunk in round.accepted.chunks(of: WriteLane.maxBatch) {
            let (replies, doubtful) = await store(chunk)
            decided += replies
            for command in doubtful { confirm(command, reply: reply) }
        }
        if !decided.isEmpty { reply(decided) }
    }

    /// Answers all commands, refusals included.
    func serve(_ commands: [MessageCommand]) async -> [CommandReply] {
        var round = CommandRound()
        for command in commands { await sort(command, into: &round) }
        var replies = round.refused
        for chunk in round.accepted.chunks(of: WriteLane.maxBatch) {
            let (decided, doubtful) = await store(chunk)
            replies += decided
            for command in doubtful { replies.append(await retry(command)) }
        }
        return replies
    }

    private func sort(_ command: MessageCommand, into round: inout CommandRound) async {
        do {
            let draft = try MessageDraft(
                type: command.type, content: command.content, trackRef: command.trackRef, parentId: command.parentId,
                clientMessageId: command.clientMessageId, limits: timeline.limits)
            let message = PendingMessage(
                room: RoomRef(id: command.roomUuid, code: command.roomId), userId: command.userId, draft: draft,
                scope: command.requestId.map { RequestScope(requestID: $0) })
            let sighting = await timeline.texts.take(message)
            if case .refused(let retryAfter) = sighting, try await !timeline.store.isKnown(message) {
                throw Refusal.repeatedText(retryAfter: retryAfter)
            }
            round.accepted.append(AcceptedCommand(command: command, message: message, sighting: sighting))
        } catch {
            round.refused.append(.refused(command.id, refusal(error)))
        }
    }

    private func store(_ accepted: ArraySlice<AcceptedCommand>) async -> ([CommandReply], [AcceptedCommand]) {
        do {
            let outcomes = try await timeline.lanes.send(accepted.map(\.message))
            var replies: [CommandReply] = []
            var doubtful: [AcceptedCommand] = []
            for (accepted, outcome) in zip(accepted, outcomes) {
                if case .refused(let refusal) = outcome, refusal.mayBeStale {
                    doubtful.append(accepted)
                } else {
                    replies.append(answer(accepted, outcome))
                }
            }
            for (accepted, outcome) in zip(accepted, outcomes) {
                await timeline.settle(accepted.message, accepted.sighting, outcome)
            }
            return (replies, doubtful)
        } catch {
            let refusal = refusal(error)
            for accepted in accepted { await timeline.settle(accepted.message, accepted.sighting, nil) }
            return (accepted.map { .refused($0.command.id, refusal) }, [])
        }
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
            return answer(accepted, outcome)
        } catch {
            return .refused(accepted.command.id, refusal(error))
        }
    }

    private func answer(_ accepted: AcceptedCommand, _ outcome: StoreOutcome) -> CommandReply {
        switch outcome {
        case .stored(let seq, _): .stored(accepted.command.id, messageId: accepted.message.id, seq: seq)
        case .repeated(let id, let seq): .stored(accepted.command.id, messageId: id, seq: seq)
        case .refused(let refusal): .refused(accepted.command.id, self.refusal(refusal))
        }
    }

    private func refusal(_ error: any Error) -> CommandReply.Refusal {
        Counter(label: MetricNames.messageSendFailures).increment()
        let problem = Problem(refusing: error)
        if problem.code == .internal || problem.code == .databaseUnavailable {
            logger.error("a command failed", metadata: [LogKeys.error: "\(String(reflecting: error))"])
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

extension Array {
    fileprivate func chunks(of size: Int) -> [ArraySlice<Element>] {
        stride(from: 0, to: count, by: size).map { self[$0..<Swift.min($0 + size, count)] }
    }
}
