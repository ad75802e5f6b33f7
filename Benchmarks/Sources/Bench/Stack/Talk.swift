import NIOCore
import ParlorClient

/// Rooms in which people talk, each speaker with so many messages under way; what is heard is timed.
///
/// Unchecked: everything but the outcome lives on the loop of the sockets.
final class Talk: @unchecked Sendable {
    /// What a speaker waits for before saying the next thing.
    enum Pace: Sendable { case ack, lastDelivery }

    struct Outcome: Sendable {
        /// From a message's sending to its ack, and to its arrival at the last listener.
        var acks: [Duration] = []
        var deliveries: [Duration] = []
        var time: Duration = .zero

        var perSecond: Double { Double(acks.count) / (time / .seconds(1)) }
    }

    private struct Message {
        let sentAt: NIODeadline
        let speaker: Int
        var unheard: Int
    }

    private let listeners: Int
    private let pace: Pace
    /// Each talk says its own words, so that nothing counts as a repetition.
    private let name = String(UInt64.random(in: 0...UInt64.max), radix: 36)
    private var speakers: [LightSocket] = []
    private var sockets: [LightSocket] = []
    private var messages: [Message] = []
    private var outcome = Outcome()
    private var begin = NIODeadline.now()
    private var isOpen = false
    private var fault: String?
    private var ended: EventLoopPromise<Outcome>?

    /// - Parameter listeners: in each room, besides its speakers.
    private init(listeners: Int, pace: Pace) {
        self.listeners = listeners
        self.pace = pace
    }

    /// Rooms of people who are all there.
    static func begin(
        _ stack: Stack, rooms: Int = 1, speakers: Int = 1, listeners: Int = 1, pace: Pace
    ) async throws -> Talk {
        let talk = Talk(listeners: listeners, pace: pace)
        let people = try await stack.people(speakers + listeners)
        let port = try stack.port("SIGNALING")
        for _ in 0..<rooms {
            let code = try await stack.room(of: people)
            for chunk in stride(from: 0, to: people.count, by: 50) {
                let guests = (chunk..<min(chunk + 50, people.count))
                let joined = try await withThrowingTaskGroup(of: (Int, LightSocket).self) { group in
                    for guest in guests {
                        let isSpeaker = guest < speakers
                        group.addTask {
                            let socket = try await LightSocket.join(code, port: port, token: people[guest].token) {
                                talk.heard(FrameGlance($0), isSpeaker: isSpeaker)
                            }
                            return (guest, socket)
                        }
                    }
                    return try await group.reduce(into: []) { $0.append($1) }
                }
                talk.sockets += joined.map(\.1)
                talk.speakers += joined.filter { $0.0 < speakers }.map(\.1)
            }
        }
        return talk
    }

    /// Everybody leaves.
    func end() async {
        await withTaskGroup(of: Void.self) { group in
            for socket in sockets { group.addTask { await socket.leave() } }
        }
    }

    /// - Parameter underWay: messages of each speaker.
    func run(for time: Duration, underWay: Int) async throws -> Outcome {
        let loop = LightSocket.loop
        let ended = loop.makePromise(of: Outcome.self)
        loop.execute { self.start(ended, underWay) }
        try await Task.sleep(for: time)
        loop.execute { self.close() }
        // What is under way then still arrives.
        let patience = loop.scheduleTask(in: .seconds(30)) {
            ended.fail(Stack.Fault(description: "\(self.messages.count - self.outcome.deliveries.count) messages lost"))
        }
        defer { patience.cancel() }
        return try await ended.futureResult.get()
    }

    // MARK: - On the loop

    private func start(_ ended: EventLoopPromise<Outcome>, _ underWay: Int) {
        self.ended = ended
        messages.removeAll(keepingCapacity: true)
        outcome = Outcome()
        isOpen = true
        round += 1
        begin = .now()
        for speaker in speakers.indices { for _ in 0..<underWay { say(speaker) } }
    }

    private var round = 0

    private func close() {
        outcome.time = .nanoseconds((NIODeadline.now() - begin).nanoseconds)
        isOpen = false
        endIfDone()
    }

    private func say(_ speaker: Int) {
        let number = messages.count
        messages.append(Message(sentAt: .now(), speaker: speaker, unheard: listeners))
        let text =
            #"{"type":"message","id":\#(number),"clientMessageId":"\#(name)-\#(round)-\#(number)","content":"\#(number) "#
            + #"of \#(round): something that people might say to each other in a room \#(name)"}"#
        speakers[speaker].send(Array(text.utf8))
    }

    private func heard(_ frame: FrameGlance, isSpeaker: Bool) {
        switch frame {
        case .ack(let number) where messages.indices.contains(number):
            if isOpen { outcome.acks.append(age(number)) } else { late.acks += 1 }
            if pace == .ack { goOn(number) }
        case .message(let number) where !isSpeaker && messages.indices.contains(number):
            messages[number].unheard -= 1
            guard messages[number].unheard == 0 else { return }
            if isOpen { outcome.deliveries.append(age(number)) } else { late.deliveries += 1 }
            if pace == .lastDelivery { goOn(number) }
        case .error(let text):
            ended?.fail(Stack.Fault(description: text))
            ended = nil
        default: return
        }
        if !isOpen { endIfDone() }
    }

    /// What arrived after the time was over.
    private var late = (acks: 0, deliveries: 0)

    private func goOn(_ number: Int) {
        if isOpen { say(messages[number].speaker) }
    }

    private func age(_ number: Int) -> Duration {
        .nanoseconds((NIODeadline.now() - messages[number].sentAt).nanoseconds)
    }

    private func endIfDone() {
        let acks = outcome.acks.count + late.acks, deliveries = outcome.deliveries.count + late.deliveries
        guard acks >= messages.count, deliveries >= messages.count || listeners == 0, let ended else { return }
        late = (0, 0)
        self.ended = nil
        ended.succeed(outcome)
    }
}
