import AMQP
import EventBus
import Events
import Foundation
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Talks to the other nodes, and tells the world who came and went.
final class LiveRelay: Service {
    static let topology = AMQPTopology(exchanges: [
        AMQPExchange(RelayAddress.exchange, .topic, durable: false),
        AMQPExchange(EventTopology.exchange, .topic, durable: true),
    ])
    private static let heartbeat: Duration = .seconds(5)
    /// How long living nodes get to register their seats and say so.
    private static let patience: Duration = .seconds(2)
    /// How long they get to answer a greeting: before, a node cannot know whether it is alone.
    private static let greeting: Duration = .seconds(1)

    private struct State {
        var peers: Peers
        var greetedAt: ContinuousClock.Instant?
        var questions: [String: (question: SeatQuestion, done: AsyncStream<Void>.Continuation)] = [:]
    }

    let node: String
    private let queue: OutgoingQueue
    private let publisher: AMQPPublisher
    private let logger: Logger
    private let encoder = EventEncoder(source: "signaling-service")
    private let state: Mutex<State>

    init(node: String, queue: OutgoingQueue, publisher: AMQPPublisher, logger: Logger) {
        self.node = node
        self.queue = queue
        self.publisher = publisher
        self.logger = logger
        state = Mutex(State(peers: Peers(own: node)))
    }

    /// Says regularly that this node lives, and in the end that it goes.
    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                self.send(.alive, to: .everyNode)
                try? await Task.sleep(for: Self.heartbeat)
            }
        }
    }

    /// The broker was found: those who live are asked to say so, and get a moment for it.
    func connected() {
        state.withLock { $0.greetedAt = .now }
        send(.hello, to: .everyNode)
    }

    func goodbye() { send(.gone, to: .everyNode) }

    // MARK: - Out

    func send(_ message: RelayMessage, to address: RelayAddress, of code: RoomCode) {
        guard let encoded = try? RelayCoding.encode(message, code: code, from: node) else { return }
        queue.send([AMQPOutgoing(encoded, exchange: RelayAddress.exchange, routingKey: address.routingKey(code))])
    }

    func send(_ message: NodeMessage, to address: RelayAddress) {
        let encoded = RelayCoding.encode(message, from: node)
        queue.send([AMQPOutgoing(encoded, exchange: RelayAddress.exchange, routingKey: address.routingKey(nil))])
    }

    /// Tells the other nodes of the room, and everybody who listens to events.
    func publish(_ changes: [SeatChange], in room: RoomRef) {
        send(.presence(changes), to: .room, of: room.code)
        queue.send(changes.compactMap { try? encoder.encode($0.event(in: room)) })
    }

    // MARK: - In

    /// Takes a node's word about itself; answers what else there is to do.
    func receive(_ message: NodeMessage, from other: String) {
        guard other != node else { return }
        let now = ContinuousClock.now
        switch message {
        case .alive, .askForSeats: state.withLock { $0.peers.hear(from: other, at: now) }
        case .hello:
            state.withLock { $0.peers.hear(from: other, at: now) }
            send(.alive, to: .node(other))
        case .gone: state.withLock { $0.peers.forget(other) }
        case .toldSeats(let id):
            let done = state.withLock { state -> AsyncStream<Void>.Continuation? in
                state.peers.hear(from: other, at: now)
                state.questions[id]?.question.answer(from: other)
                return state.questions[id]?.question.isAnswered == true ? state.questions[id]?.done : nil
            }
            done?.finish()
        }
    }

    /// Asks every living node to register the seats it holds in a room, in the Redis of this run. True once all have;
    /// false where one did not answer, or nobody could be asked, or it is not known yet who lives.
    func askForSeats(of code: RoomCode, in run: String) async -> Bool {
        let hasGreeted = state.withLock { $0.greetedAt.map { .now - $0 >= Self.greeting } ?? false }
        guard publisher.isAvailable, hasGreeted else { return false }
        let id = UUID.v7().uuidString
        let (done, continuation) = AsyncStream<Void>.makeStream()
        let isAlone = state.withLock { state in
            let living = state.peers.living(at: .now)
            if !living.isEmpty { state.questions[id] = (SeatQuestion(awaited: living), continuation) }
            return living.isEmpty
        }
        if isAlone { return true }
        send(.askForSeats(code, question: id, run: run), to: .everyNode)
        _ = try? await withDeadline(Self.patience) { for await _ in done {} }
        let question = state.withLock { $0.questions.removeValue(forKey: id)?.question }
        return question?.isAnswered ?? false
    }
}

extension SeatChange {
    fileprivate func event(in room: RoomRef) -> Event {
        let body: EventBody
        switch (kind, record) {
        case (.joined, let record?):
            body = .userJoined(PresenceChange(participant: record.participant(userId), participantCount: count))
        case (.updated, let record?):
            body = .participantUpdated(PresenceChange(participant: record.participant(userId), participantCount: count))
        default: body = .userLeft(PresenceEnd(reason: reason ?? .closed, participantCount: count))
        }
        return Event(body: body, room: room, userId: userId)
    }
}
