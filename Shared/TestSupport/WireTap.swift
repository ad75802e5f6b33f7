import NIOCore
import NIOPosix
import Synchronization

/// Stands between a client and its server, passes everything on and notes what was asked: for tests of what a call costs.
public final class WireTap: Sendable {
    public enum Wire: Sendable { case postgres, redis }

    /// What travelled together: the statements up to one point of synchronisation, or the name of one command for Redis.
    public struct Flight: Sendable, Equatable {
        public var statements: [String]
        /// Whether a transaction was open before, or began here.
        public var isInTransaction: Bool
    }

    private let flights = Mutex<[Flight]>([])
    public enum Way: Sendable { case questions, answers }

    /// What waits here, and where.
    private let held = Mutex<(ways: Set<Way>, pumps: [NIOLoopBound<Pump>])>(([], []))

    private init() {}

    /// Runs `body` with a tap before the server at `url`, and with the URL that leads through it.
    public static func run<T>(
        _ wire: Wire, before url: String, _ body: (_ tap: WireTap, _ url: String) async throws -> T
    ) async throws -> T {
        let address = try Address(url)
        let tap = WireTap()
        let channel = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .childChannelInitializer { client in tap.connect(client, to: address.port, wire) }
            .bind(host: "127.0.0.1", port: 0).get()
        let outcome: Result<T, any Error>
        do {
            outcome = .success(try await body(tap, address.url(port: channel.localAddress?.port ?? 0)))
        } catch {
            outcome = .failure(error)
        }
        try await channel.close()
        return try outcome.get()
    }

    /// What was asked since the last time.
    public func take() -> [Flight] {
        flights.withLock { flights in
            defer { flights = [] }
            return flights
        }
    }

    /// What goes that way waits here from now on.
    public func hold(_ way: Way) { held.withLock { _ = $0.ways.insert(way) } }

    /// Everything passes again, with what has gathered.
    public func release() {
        let pumps = held.withLock { held in
            held.ways = []
            return held.pumps
        }
        for pump in pumps { pump.eventLoop.execute { pump.value.pass() } }
    }

    private func add(_ pump: Pump, to channel: any Channel) throws {
        held.withLock { $0.pumps.append(NIOLoopBound(pump, eventLoop: channel.eventLoop)) }
        try channel.pipeline.syncOperations.addHandler(pump)
    }

    private func isHeld(_ way: Way) -> Bool { held.withLock { $0.ways.contains(way) } }

    private func connect(_ client: any Channel, to port: Int, _ wire: Wire) -> EventLoopFuture<Void> {
        ClientBootstrap(group: client.eventLoop)
            .channelInitializer { [self] server in
                server.eventLoop.makeCompletedFuture {
                    try self.add(Pump(to: client, isHeld: { [self] in isHeld(.answers) }) { _ in }, to: server)
                }
            }
            .connect(host: "127.0.0.1", port: port)
            .flatMapThrowing { server in
                var reader = FlightReader(wire)
                let pump = Pump(to: server, isHeld: { [self] in isHeld(.questions) }) { [self] bytes in
                    let found = reader.read(bytes)
                    flights.withLock { $0 += found }
                }
                try self.add(pump, to: client)
            }
    }

    /// A URL with a port in it.
    private struct Address {
        let head: String
        let port: Int
        let rest: String

        init(_ url: String) throws {
            guard let match = url.wholeMatch(of: /(.+:)(\d+)(\/.*)?/), let port = Int(match.2) else {
                throw ServerProcess.Failure(description: "no port in \(url)")
            }
            (head, self.port, rest) = (String(match.1), port, String(match.3 ?? ""))
        }

        func url(port: Int) -> String { "\(head)\(port)\(rest)" }
    }
}

/// Passes what comes on one channel to the other.
private final class Pump: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let other: any Channel
    private let look: (ByteBuffer) -> Void
    private let isHeld: () -> Bool
    private var held: [ByteBuffer] = []

    init(to other: any Channel, isHeld: @escaping () -> Bool, look: @escaping (ByteBuffer) -> Void) {
        self.other = other
        self.isHeld = isHeld
        self.look = look
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = unwrapInboundIn(data)
        look(bytes)
        held.append(bytes)
        pass()
    }

    func pass() {
        guard !isHeld() else { return }
        for bytes in held { other.writeAndFlush(bytes, promise: nil) }
        held = []
    }

    func channelInactive(context: ChannelHandlerContext) { other.close(promise: nil) }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}

/// Reads what a client says, as far as it has come.
private struct FlightReader {
    private let wire: WireTap.Wire
    private var buffer = ByteBuffer()
    // PostgreSQL: whether the messages have begun that say their kind, what was prepared, and what is on its way.
    private var hasStarted = false
    private var prepared: [String: String] = [:]
    private var flight = WireTap.Flight(statements: [], isInTransaction: false)

    init(_ wire: WireTap.Wire) { self.wire = wire }

    mutating func read(_ bytes: ByteBuffer) -> [WireTap.Flight] {
        buffer.writeImmutableBuffer(bytes)
        var flights: [WireTap.Flight] = []
        switch wire {
        case .redis:
            while let command = nextCommand() { flights.append(.init(statements: [command], isInTransaction: false)) }
        case .postgres: while let flight = nextMessage() { if !flight.statements.isEmpty { flights.append(flight) } }
        }
        buffer.discardReadBytes()
        return flights
    }

    /// The name of a command, once all of it is there.
    private mutating func nextCommand() -> String? {
        let start = buffer.readerIndex
        guard let count = line("*") else { return nil }
        var name: String?
        for _ in 0..<count {
            guard let length = line("$"), let word = buffer.readString(length: length),
                buffer.readBytes(length: 2) != nil
            else {
                buffer.moveReaderIndex(to: start)
                return nil
            }
            name = name ?? word.uppercased()
        }
        return name
    }

    /// The number on a line that begins with `mark`.
    private mutating func line(_ mark: Unicode.Scalar) -> Int? {
        guard let end = buffer.readableBytesView.firstIndex(of: UInt8(ascii: "\n")),
            let text = buffer.readString(length: end + 1 - buffer.readerIndex), text.unicodeScalars.first == mark
        else { return nil }
        return Int(text.dropFirst().dropLast())
    }

    /// The flight that a message ended; empty for any other message.
    private mutating func nextMessage() -> WireTap.Flight? {
        let start = buffer.readerIndex
        let kind = hasStarted ? buffer.readInteger(as: UInt8.self) : 0
        guard let kind, let length = buffer.readInteger(as: Int32.self),
            var body = buffer.readSlice(length: Int(length) - 4)
        else {
            buffer.moveReaderIndex(to: start)
            return nil
        }
        switch UInt8(kind) {
        case 0: hasStarted = body.readInteger(as: Int32.self) == 196_608  // Else it asks for encryption, in vain.
        case UInt8(ascii: "P"): prepared[text(&body)] = text(&body)
        case UInt8(ascii: "B"):
            _ = text(&body)
            note(prepared[text(&body)] ?? "?")
        case UInt8(ascii: "Q"):
            note(text(&body))
            return land()
        case UInt8(ascii: "S"): return land()
        default: break
        }
        return .init(statements: [], isInTransaction: false)
    }

    private mutating func note(_ statement: String) {
        flight.statements.append(statement)
        if statement.hasPrefix("BEGIN") { flight.isInTransaction = true }
    }

    private mutating func land() -> WireTap.Flight {
        let landed = flight
        let hasEnded = landed.statements.contains { $0 == "COMMIT" || $0 == "ROLLBACK" }
        flight = .init(statements: [], isInTransaction: landed.isInTransaction && !hasEnded)
        return landed
    }

    private func text(_ body: inout ByteBuffer) -> String { body.readNullTerminatedString() ?? "" }
}
