/// What became of one attempt to hand a mail to the server.
public enum SMTPOutcome: Sendable, Equatable {
    /// The server has taken responsibility for the mail.
    case accepted(reply: String)
    /// The server does not have the mail; a later attempt may succeed (4xx, or no connection).
    case temporary(SMTPFailure)
    /// The server does not have the mail and will not take it (5xx, or an impossible address).
    case permanent(SMTPFailure)
    /// The end of the mail was sent and no answer came: the server may or may not have it. Never resend blindly.
    case uncertain(SMTPFailure)
}

/// Why a mail was not taken. `description` can be shown to who sent it; it never holds credentials or content.
public struct SMTPFailure: Sendable, Equatable, CustomStringConvertible {
    /// The server's reply code, when it was the server that refused.
    public var code: Int?
    /// The server's words, or what went wrong with the connection.
    public var message: String

    public init(code: Int? = nil, message: String) {
        self.code = code
        self.message = message
    }

    public var description: String { message }
}

extension SMTPOutcome {
    /// Judges a failed transfer.
    /// - Parameters:
    ///   - reply: the last reply of the server in this transfer, if any: code and text.
    ///   - isRefusal: the transfer failed because of that reply, not because of the connection.
    ///   - isHandedOver: the final dot was given to the connection.
    ///   - problem: the connection's problem in words.
    static func failed(reply: (code: Int, text: String)?, isRefusal: Bool, isHandedOver: Bool, problem: String) -> Self
    {
        if let reply, isRefusal, 400..<600 ~= reply.code {
            let failure = SMTPFailure(code: reply.code, message: reply.text)
            // These are about our credentials, not about the mail: whoever runs the service can put them right.
            let isAboutUs = [530, 534, 535, 538].contains(reply.code)
            return reply.code >= 500 && !isAboutUs ? .permanent(failure) : .temporary(failure)
        }
        let failure = SMTPFailure(message: problem)
        return isHandedOver ? .uncertain(failure) : .temporary(failure)
    }
}
