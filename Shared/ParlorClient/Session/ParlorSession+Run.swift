import Synchronization

extension ParlorSession {
    /// Talks until `bye()`, a close code that forbids another try, or cancellation; returns that code.
    @discardableResult
    public func run() async -> CloseCode? {
        var last: CloseCode?
        loop: while !isOver {
            last = await converse()
            let decision = shared.withLock { $0.state.ended(last) }
            if isOver { break }
            switch decision {
            case .stop: break loop
            case .retry(let delay):
                output.yield(.away(last, retryIn: delay))
                try? await Task.sleep(for: delay)
            }
        }
        finish(last)
        return last
    }

    private var isOver: Bool { Task.isCancelled || shared.withLock { $0.state.isStopping } }

    /// One socket, from connect to close.
    private func converse() async -> CloseCode? {
        guard let socket = try? await connect() else { return nil }
        let isLate = shared.withLock { shared in
            shared.socket = socket
            return shared.state.isStopping
        }
        if isLate { socket.post(["type": "bye"]) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.listen(to: socket) }
            group.addTask { await self.resend(on: socket) }
            await group.next()
            group.cancelAll()
        }
        shared.withLock { $0.socket = nil }
        // Before our own goodbye, which the server may echo.
        let code = socket.closeCode ?? shared.withLock { $0.state.isLeaving ? .draining : nil }
        await socket.close()
        return code
    }

    private func connect() async throws -> ParlorSocket {
        let after = lastSeq.map { "?after=\($0)" } ?? ""
        return try await ParlorSocket.connect(baseURL, "/ws/\(room)\(after)", token: .header(try await token()))
    }

    private func listen(to socket: ParlorSocket) async {
        for await frame in socket.frames {
            let effects = shared.withLock { $0.state.received(frame, now: .now) }
            guard perform(effects, on: socket) else { return }
        }
    }

    /// Sends again what nobody answered; returns, which ends the socket, where the room never lets in, and where the
    /// server has gone silent or wants us elsewhere.
    private func resend(on socket: ParlorSocket) async {
        let patience = ContinuousClock.now + .seconds(15)
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(250))
            let (isJoined, effects) = shared.withLock {
                ($0.state.isJoined, $0.state.tick(now: .now, silence: socket.silence))
            }
            guard isJoined || ContinuousClock.now < patience else { return }
            guard perform(effects, on: socket) else { return }
        }
    }

    /// False where the socket is of no more use.
    private func perform(_ effects: [SessionState.Effect], on socket: ParlorSocket) -> Bool {
        for effect in effects {
            switch effect {
            case .tell(let event): output.yield(event)
            case .send(let frames): for frame in frames { socket.post(frame) }
            case .settle(let receipt): takeSender(receipt.clientMessageID)?.resume(returning: receipt)
            case .refuse(let id, let error): takeSender(id)?.resume(throwing: error)
            case .reconnect: return false
            }
        }
        return true
    }

    private func takeSender(_ id: String) -> Sender? {
        shared.withLock { $0.senders.removeValue(forKey: id) }
    }

    private func finish(_ code: CloseCode?) {
        let senders = shared.withLock { shared in
            shared.state.isStopping = true
            defer { shared.senders = [:] }
            return Array(shared.senders.values)
        }
        for sender in senders { sender.resume(throwing: ParlorClientError.closed(code)) }
        output.finish()
    }
}
