/// Somebody who sits in a room with one socket, and remembers everything they were told there.
public struct Attendee: Sendable {
    public let account: ParlorHTTP.Account
    public let socket: ParlorSocket
    public let inbox: FrameInbox
    /// The first frame.
    public let joined: ParlorFrame

    /// Connects and waits to be let in.
    ///
    /// - Parameters:
    ///   - path: `/ws/<room>` or another way in; `after` asks for a resume.
    /// - Throws: `ParlorClientError.closed` with the code of the refusal.
    public static func join(
        _ baseURL: String, _ room: String, as account: ParlorHTTP.Account, after: Int? = nil,
        options: ParlorSocket.Options = .init(), inbox: FrameInbox = FrameInbox(), within limit: Duration = .seconds(30)
    ) async throws -> Attendee {
        var options = options
        options.inbox = inbox
        let query = after.map { "?after=\($0)" } ?? ""
        let socket = try await ParlorSocket.connect(
            baseURL, "/ws/\(room)\(query)", token: .header(account.token), options: options)
        let stop = { if !socket.isOpen { throw ParlorClientError.closed(socket.closeCode) } }
        let joined = try await inbox.first("joined", within: limit, unless: stop) { _ in true }
        guard joined.type == "joined" else {
            throw ParlorClientError.unexpected("the first frame is \(joined.text), expected joined")
        }
        return Attendee(account: account, socket: socket, inbox: inbox, joined: joined)
    }

    /// Sends a message over the socket and waits for its ack.
    @discardableResult
    public func say(_ content: String, clientMessageID: String, within limit: Duration = .seconds(30)) async throws
        -> ParlorFrame
    {
        try await socket.send([
            "type": "message", "content": .string(content), "clientMessageId": .string(clientMessageID),
        ])
        return try await answer(to: clientMessageID, within: limit)
    }

    /// The ack of a message that was sent.
    ///
    /// - Throws: `ParlorClientError.refused` where an `error` answers it.
    public func answer(to clientMessageID: String, within limit: Duration = .seconds(30)) async throws -> ParlorFrame {
        let frame = try await inbox.first("the answer to a message", within: limit, unless: failWhenClosed) { frame in
            ["ack", "error"].contains(frame.type) && frame["clientMessageId"]?.string == clientMessageID
        }
        guard frame.type == "ack" else {
            throw ParlorClientError.refused(
                code: frame["code"]?.string ?? "", message: frame["message"]?.string ?? "")
        }
        return frame
    }

    /// The timeline entry of somebody's message.
    public func message(_ clientMessageID: String, within limit: Duration = .seconds(30)) async throws -> ParlorFrame {
        try await inbox.first("the message \(clientMessageID)", within: limit, unless: failWhenClosed) { frame in
            frame.type == "message_created" && frame["message"]?["clientMessageId"]?.string == clientMessageID
        }
    }

    /// Waits for the close code.
    public func closeCode(within limit: Duration = .seconds(30)) async throws -> CloseCode? {
        let deadline = ContinuousClock.now + limit
        while socket.isOpen {
            guard ContinuousClock.now < deadline else {
                throw ParlorClientError.unexpected("the socket is still open after \(limit)")
            }
            try await Task.sleep(for: .milliseconds(2))
        }
        return socket.closeCode
    }

    /// Gives up the seat and waits for the server to close.
    public func bye() async throws -> CloseCode? {
        try await socket.send(["type": "bye"])
        return try await closeCode()
    }

    private var failWhenClosed: () throws -> Void {
        { if !socket.isOpen { throw ParlorClientError.closed(socket.closeCode) } }
    }
}
