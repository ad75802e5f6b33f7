internal import CLibPQ
internal import Glibc
internal import IOReactor
internal import Synchronization

/// One connection to the server.
///
/// Statements are sent from the caller's own thread, for sending never blocks, and the caller sleeps in the reactor
/// until the answer is there: a query costs one change of threads, and no thread waits for it.
///
/// Unchecked: whoever holds the link uses it alone. The pool lends it to one caller at a time, and `isFlying` turns a
/// caller that runs two statements at once away before either touches the connection.
final class PGLink: @unchecked Sendable {
    let connection: OpaquePointer
    let reactor: Reactor
    let cancelKey: PGCancelKey
    /// How many nanoseconds the server may take to answer; nil for ever.
    var patience: Int64?
    let answerGrace: Int64
    let socket: Int32
    let isFlying = Atomic(false)
    var statements = StatementCache()
    /// Set while an answer is outstanding and after anything that leaves the link's state unknown.
    var isInDoubt = false
    /// When its last user gave it back.
    var returned = MonotonicInstant.now

    private init(_ connection: OpaquePointer, _ key: PGCancelKey, _ configuration: PGConfiguration, _ reactor: Reactor)
    {
        self.connection = connection
        self.reactor = reactor
        cancelKey = key
        answerGrace = configuration.answerGrace.wholeNanoseconds
        let isBounded = configuration.statementTimeout > .zero
        patience = isBounded ? configuration.statementTimeout.wholeNanoseconds + answerGrace : nil
        socket = PQsocket(connection)
    }

    deinit {
        PQfinish(connection)
    }

    /// Connects; blocks for up to the connect timeout a host, and for the resolver.
    ///
    /// - Throws: `PGError`
    static func open(_ configuration: PGConfiguration, _ reactor: Reactor) throws -> PGLink {
        let settings = try PGLinkSettings(configuration)
        let opened = settings.withCArrays { PQconnectdbParams($0, $1, 1) }
        guard let connection = opened else { throw PGError(.connection, "out of memory") }
        guard PQstatus(connection) == CONNECTION_OK, let key = PGCancelKey(connection: connection),
            PQsetnonblocking(connection, 1) == 0, PQenterPipelineMode(connection) == 1
        else {
            defer { PQfinish(connection) }
            throw PGError(connection: connection)
        }
        PQsetNoticeReceiver(connection, { _, _ in }, nil)
        return PGLink(connection, key, configuration, reactor)
    }

    /// Whether the next caller may have it: no answer outstanding, no transaction open, no error of the connection.
    var isReusable: Bool {
        !isInDoubt && PQstatus(connection) == CONNECTION_OK && PQtransactionStatus(connection) == PQTRANS_IDLE
    }

    /// Whether a transaction is open on the server, sound or failed.
    var isInTransaction: Bool {
        let status = PQtransactionStatus(connection)
        return status == PQTRANS_INTRANS || status == PQTRANS_INERROR
    }

    /// Whether it was unused for long enough that its peer may have left meanwhile.
    var isRested: Bool { returned + 20_000_000 < .now }

    /// Whether the peer of an idle link is still there, as far as this side can tell without asking it.
    func isPeerPresent() -> Bool {
        while true {
            var poll = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
            guard Glibc.poll(&poll, 1, 0) > 0 else { return true }
            // Either a notice, which is read and dropped, or the end of the stream, which makes reading fail.
            guard PQconsumeInput(connection) == 1 else { return false }
            _ = PQisBusy(connection)
        }
    }
}
