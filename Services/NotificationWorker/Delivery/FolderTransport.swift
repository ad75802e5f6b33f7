internal import SMTP

/// Writes mails into a folder. Doing so again after a crash replaces the file, so there is no point of no return and
/// nothing can become uncertain.
struct FolderTransport: MailTransport {
    private let folder: MailFolder

    init(_ folder: MailFolder) { self.folder = folder }

    func send(_ message: MIMEMessage, beforeHandover: @Sendable () async -> Bool) async -> SMTPOutcome {
        do {
            return .accepted(reply: "written to \(try await folder.write(message))")
        } catch {
            return .temporary(SMTPFailure(message: "the mail folder cannot be written to"))
        }
    }

    func close() async {}
}
