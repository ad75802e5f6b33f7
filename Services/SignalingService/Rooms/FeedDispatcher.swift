import AMQP
import EventBus
import Events
import Identifiers
import Logging
import ServiceSupport
import Synchronization

/// Gives what the broker brought to the rooms and status streams it concerns, in order.
final class FeedDispatcher: Sendable {
    private let relay: LiveRelay
    private let logger: Logger
    private let targets = Mutex<(hub: Hub?, status: StatusHub?)>((nil, nil))

    init(relay: LiveRelay, logger: Logger) {
        self.relay = relay
        self.logger = logger
    }

    /// Hub and streams read from the feed that this dispatcher serves; they come later.
    func serve(_ hub: Hub, _ status: StatusHub) { targets.withLock { $0 = (hub, status) } }

    /// The broker is there (again): what passed meanwhile is read from where it is kept.
    func connected() async {
        relay.connected()
        guard let hub = targets.withLock({ $0.hub }) else { return }
        await hub.resync()
        // Until somebody could be asked: whoever reads the timelines may be away just as the broker was.
        var backoff = Backoff(first: .milliseconds(200), limit: .seconds(2))
        while await !hub.compareHeads(), !Task.isCancelled { try? await Task.sleep(for: backoff.next()) }
        backoff.reset()
        while await !hub.readSessions(), !Task.isCancelled { try? await Task.sleep(for: backoff.next()) }
    }

    /// Ends everything a user has open here.
    func close(_ userId: UserID, _ code: CloseCode) async {
        guard case let (hub?, status?) = targets.withLock({ $0 }) else { return }
        for room in hub.rooms { await room.close(userId, code) }
        await status.close(userId, code)
    }

    func dispatch(_ deliveries: [AMQPDelivery]) async {
        guard case let (hub?, status?) = targets.withLock({ $0 }) else { return }
        var entries: [RoomCode: [LiveEntry]] = [:]
        for delivery in deliveries {
            if delivery.exchange == RelayAddress.exchange {
                await flush(&entries, to: hub)
                await hear(delivery, hub)
                continue
            }
            guard let code = Self.code(delivery.routingKey) else {
                await other(delivery, hub, status)
                continue
            }
            if let entry = LiveEntry(messageEvent: delivery) {
                if hub.room(code) != nil { entries[code, default: []].append(entry) }
                if delivery.properties.type == TimelineType.messageCreated.rawValue {
                    status.newMessage(in: code, seq: entry.seq)
                }
            } else {
                await flush(&entries, to: hub)
                await other(delivery, hub, status)
            }
        }
        await flush(&entries, to: hub)
    }

    private func flush(_ entries: inout [RoomCode: [LiveEntry]], to hub: Hub) async {
        for (code, entries) in entries { await hub.room(code)?.receive(entries) }
        entries = [:]
    }

    /// Anything but a message: rarer, and read whole.
    private func other(_ delivery: AMQPDelivery, _ hub: Hub, _ status: StatusHub) async {
        let event: Event
        do { event = try Event(delivery) } catch {
            return logger.error("an event cannot be read", metadata: [LogKeys.error: "\(error)"])
        }
        if let code = event.room?.code, let room = hub.room(code) {
            if let entry = LiveEntry(event) {
                await room.receive([entry])
            } else if case .queueUpdated(let state) = event.body {
                await room.heard(state)
            } else if let fact = event.fact, case .timeline(let body) = event.body {
                await room.heard(fact: fact, LiveEntry.Effect(body))
            }
        }
        if case .userBanned(let ban) = event.body, ban.banned, let userId = event.targetUserId ?? event.userId {
            await close(userId, .accountBanned)
        }
        await status.receive(event)
    }

    private func hear(_ delivery: AMQPDelivery, _ hub: Hub) async {
        switch RelayCoding.decode(delivery.message) {
        case .room(let code, let message, let node):
            guard node != relay.node, let room = hub.room(code) else { return }
            await room.receive(message)
        case .node(let message, let node):
            relay.receive(message, from: node)
            guard node != relay.node, case .askForSeats(let code, let question, let run) = message else { return }
            let room = hub.room(code)
            Background.run("register seats", deadline: .seconds(5), logger: logger) {
                // Whoever could not register is waited for.
                guard await room?.registerAll(in: run) ?? true else { return }
                self.relay.send(.toldSeats(question: question), to: .node(node))
            }
        case nil: break
        }
    }

    /// The last word of a routing key, where it is a room.
    private static func code(_ routingKey: String) -> RoomCode? {
        routingKey.lastIndex(of: ".").flatMap { RoomCode(String(routingKey[routingKey.index(after: $0)...])) }
    }
}
