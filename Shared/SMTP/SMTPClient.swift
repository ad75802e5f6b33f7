private import CCurl
private import Glibc
internal import IOReactor
public import Logging

/// Hands mails to one SMTP server, one after the other over a connection that is kept between them.
///
/// All work of libcurl happens on a thread of this client's own. For more than one mail at a time use several clients.
public actor SMTPClient {
    private let lane: Reactor
    private let configuration: SMTPConfiguration
    private let logger: Logger
    private var connections: CurlConnections?
    private var isBusy = false
    private var waiting: [CheckedContinuation<Void, Never>] = []

    public nonisolated var unownedExecutor: UnownedSerialExecutor { lane.asUnownedSerialExecutor() }

    public init(_ configuration: SMTPConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        lane = Reactor(name: "smtp")
    }

    /// Says goodbye on the thread that libcurl knows, as the server may take its time to answer.
    isolated deinit { connections = nil }

    /// Sends one mail to one recipient and says what became of it; never throws and never waits longer than the
    /// configuration's deadline, plus the time `beforeHandover` takes.
    ///
    /// - Parameters:
    ///   - message: the octets of the message, as `MIMEMessage.encoded()` makes them; dots are stuffed here.
    ///   - beforeHandover: called once all but the final dot is sent, that is as late as a mail can be stopped. When it
    ///     answers false the server is left without the dot, so it must forget the mail: `.temporary`. A caller records
    ///     here that from now on the outcome may stay unknown.
    /// A cancelled task stops a mail that is not handed over yet; afterwards the answer is awaited all the same.
    public func send(
        _ message: [UInt8], from: MailAddress, to: MailAddress,
        beforeHandover: @Sendable () async -> Bool = { true }
    ) async -> SMTPOutcome {
        await acquire()
        defer { release() }
        let first = await attempt(message, from: from, to: to, isFresh: false, beforeHandover)
        // A kept connection may have died while it was idle: that says nothing of the server, nor of the mail.
        guard first.mayHaveBeenStale else { return first.outcome }
        return await attempt(message, from: from, to: to, isFresh: true, beforeHandover).outcome
    }

    /// Says goodbye to the server. The client can be used again afterwards.
    public func close() async {
        await acquire()
        defer { release() }
        connections = nil
    }

    private func attempt(
        _ message: [UInt8], from: MailAddress, to: MailAddress, isFresh: Bool,
        _ beforeHandover: @Sendable () async -> Bool
    ) async -> (outcome: SMTPOutcome, mayHaveBeenStale: Bool) {
        guard let connections = self.connections ?? CurlConnections(),
            let request = CurlRequest(
                configuration, transfer: SMTPTransfer(message: message), from: from, to: to, isFresh: isFresh)
        else { return (.temporary(SMTPFailure(message: "out of memory")), false) }
        self.connections = connections
        let transfer = request.transfer

        connections.add(request)
        var result = connections.step(wait: false)
        while result == nil {
            if transfer.consent == .asked {
                transfer.consent = await beforeHandover() && !Task.isCancelled ? .granted : .denied
                request.resume()
                result = connections.step(wait: false)
            } else if Task.isCancelled, !transfer.isHandedOver {
                break
            } else {
                result = connections.step(wait: true)
            }
        }
        let outcome = judge(result, of: request)
        if case .uncertain = outcome { request.hangUp() }
        connections.remove(request)

        let isStale = !request.usedNewConnection && transfer.consent == .notAsked && transfer.reply == nil
        if case .temporary = outcome, !Task.isCancelled { return (outcome, isStale) }
        return (outcome, false)
    }

    private func judge(_ result: CurlResult?, of request: CurlRequest) -> SMTPOutcome {
        let transfer = request.transfer
        guard let result else { return .temporary(SMTPFailure(message: "stopped before the mail was handed over")) }
        if let reply = transfer.reply, result.isSuccess || (transfer.isHandedOver && 200..<300 ~= reply.code) {
            return .accepted(reply: reply.text)
        }
        if result.isSuccess { return .accepted(reply: "") }
        if transfer.consent == .denied { return .temporary(SMTPFailure(message: "withheld before the final dot")) }
        let outcome = SMTPOutcome.failed(
            reply: transfer.reply, isRefusal: result.canBeRefusal, isHandedOver: transfer.isHandedOver,
            problem: request.problem(result))
        logger.debug(
            "mail not accepted",
            metadata: ["server": "\(configuration.endpoint)", "reason": "\(request.problem(result))"])
        return outcome
    }

    private func acquire() async {
        if isBusy { await withCheckedContinuation { waiting.append($0) } } else { isBusy = true }
    }

    private func release() {
        if waiting.isEmpty { isBusy = false } else { waiting.removeFirst().resume() }
    }
}
