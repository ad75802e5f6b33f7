import AMQP
import Events
import Foundation
import HTTPSupport
import Identifiers
import Logging
import Metrics
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Carries messages from sockets to the message service and its answers back.
///
/// A lone command goes out at once; what comes while one is under way leaves together. Where the broker is away, or an
/// answer is overdue, the same commands go over HTTP: `clientMessageId` makes the repetition harmless. Every command is
/// answered within 10 s.
final class CommandGateway: Service {
    static let unavailable = CommandReply.Refusal(
        code: ErrorCode.unavailable.rawValue, message: "The message could not be stored just now.", retryable: true)
    private static let repeatAfter: Duration = .seconds(4)
    private static let giveUpAfter: Duration = .milliseconds(9_300)
    private static let largestBatch = 500

    private struct Lane {
        var waiting: [MessageCommand] = []
        /// A batch is under way; its outcome sends the next.
        var isBusy = false
    }

    private struct State {
        var lanes = Array(repeating: Lane(), count: CommandShard.count)
        var pending = PendingCommands()
    }

    private let publisher: AMQPPublisher
    private let messages: InternalClient
    private let replyQueue: @Sendable () -> String?
    private let logger: Logger
    private let state = Mutex(State())
    private let latency = Metrics.Timer(label: MetricNames.messageLatency)
    private let failures = Counter(label: MetricNames.messageSendFailures)

    init(
        publisher: AMQPPublisher, messages: InternalClient, replyQueue: @escaping @Sendable () -> String?,
        logger: Logger
    ) {
        self.publisher = publisher
        self.messages = messages
        self.replyQueue = replyQueue
        self.logger = logger
    }

    /// Sends the command at once where nothing of its shard is under way, on the caller's thread, which is not blocked.
    ///
    /// - Parameter completion: called once, on any thread.
    func submit(_ command: MessageCommand, _ completion: @escaping PendingCommands.Completion) {
        let shard = CommandShard.shard(of: command.roomUuid)
        let now = ContinuousClock.now
        let mustSend = state.withLock { state in
            state.pending.add(command, at: now, completion)
            state.lanes[shard].waiting.append(command)
            defer { state.lanes[shard].isBusy = true }
            return !state.lanes[shard].isBusy
        }
        if mustSend { sendNext(of: shard) }
    }

    /// Replies as they came, over the broker or HTTP. One that nobody waits for any more is dropped.
    func receive(_ replies: [CommandReply]) {
        let now = ContinuousClock.now
        for reply in replies {
            guard let entry = state.withLock({ $0.pending.answer(reply.id) }) else { continue }
            latency.recordNanoseconds(Int64((now - entry.since) / .nanoseconds(1)))
            if reply.error != nil { failures.increment() }
            entry.completion(reply)
        }
    }

    /// Entries that other nodes' commands became are among them; a command's own event is its answer.
    func receive(_ entries: [LiveEntry]) {
        let replies = state.withLock { state in
            entries.compactMap { entry in
                entry.command.flatMap {
                    state.pending.isWaiting($0) ? .stored($0, messageId: MessageID($0), seq: entry.seq) : nil
                }
            } as [CommandReply]
        }
        receive(replies)
    }

    func run() async throws {
        await cancelWhenGracefulShutdown { await self.watch() }
    }

    /// Sends what waits in a shard together; for who found it idle, and for each batch's outcome.
    private func sendNext(of shard: Int) {
        let batch = state.withLock { state -> [MessageCommand] in
            let batch = Array(state.lanes[shard].waiting.prefix(Self.largestBatch))
            state.lanes[shard].waiting.removeFirst(batch.count)
            if batch.isEmpty { state.lanes[shard].isBusy = false }
            return batch
        }
        guard !batch.isEmpty else { return }
        guard publisher.isAvailable, let replyTo = replyQueue() else { return sendOverHTTP(batch, of: shard) }
        let properties = AMQPProperties(
            contentType: "application/json", persistent: false, correlationID: batch[0].requestId, replyTo: replyTo,
            expiration: .seconds(10))
        let message = AMQPOutgoing(
            AMQPMessage(body: CommandBatch(commands: batch).json, properties: properties),
            exchange: CommandShard.exchange, routingKey: String(shard), mandatory: true)
        publisher.submit([message]) { results in
            guard case .failure(let error) = results[0] else { return self.sendNext(of: shard) }
            self.logger.debug("commands go over HTTP", metadata: [LogKeys.error: "\(error)"])
            self.sendOverHTTP(batch, of: shard)
        }
    }

    private func sendOverHTTP(_ batch: [MessageCommand], of shard: Int) {
        Background.run("carry commands", deadline: .seconds(10), logger: logger) {
            await self.carryOverHTTP(batch)
            self.sendNext(of: shard)
        }
    }

    private func carryOverHTTP(_ batch: [MessageCommand]) async {
        do {
            let answer: ReplyBatch = try await messages.post("/internal/commands", CommandBatch(commands: batch))
            receive(answer.replies)
        } catch {
            logger.debug("commands cannot be carried", metadata: [LogKeys.error: "\(error)"])
            // Nobody knows whether they were stored: said so, a client sends them again under the same key.
            receive(batch.map { .refused($0.id, Self.unavailable) })
        }
    }

    /// Sends overdue commands once more by the other way, and answers what stays unanswered.
    private func watch() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            let now = ContinuousClock.now
            let (overdue, expired) = state.withLock { state in
                (state.pending.overdue(Self.repeatAfter, at: now), state.pending.expired(Self.giveUpAfter, at: now))
            }
            for entry in expired {
                failures.increment()
                entry.completion(.refused(entry.command.id, Self.unavailable))
            }
            for batch in Dictionary(grouping: overdue, by: \.roomUuid).values {
                Background.run("repeat commands", deadline: .seconds(5), logger: logger) {
                    let answer: ReplyBatch = try await self.messages.post(
                        "/internal/commands", CommandBatch(commands: batch))
                    self.receive(answer.replies)
                }
            }
        }
    }
}

extension ServerFrame {
    /// What a client is told of a failed call to another service.
    static func error(id: FrameID?, _ error: any Error) -> Frame {
        if case InternalCallError.refused(let problem) = error {
            return Self.error(
                id: id, code: problem.code, message: problem.detail, retryable: problem.retryable)
        }
        let refusal = CommandGateway.unavailable
        return Self.error(id: id, code: refusal.code, message: "A service it needs is away.", retryable: true)
    }
}
