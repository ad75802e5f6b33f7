internal import SMTP

/// Where mails go.
protocol MailTransport: Sendable {
    /// Hands over one mail. `beforeHandover` is called, if the transport cannot take a mail back, right before the point
    /// of no return; false stops the mail.
    func send(_ message: MIMEMessage, beforeHandover: @Sendable () async -> Bool) async -> SMTPOutcome
    /// Ends connections.
    func close() async
}

/// Sends over SMTP, one mail at a time over one connection.
struct SMTPTransport: MailTransport {
    private let client: SMTPClient

    init(_ client: SMTPClient) { self.client = client }

    func send(_ message: MIMEMessage, beforeHandover: @Sendable () async -> Bool) async -> SMTPOutcome {
        await client.send(
            message.encoded(), from: message.from.address, to: message.to.address, beforeHandover: beforeHandover)
    }

    func close() async { await client.close() }
}
