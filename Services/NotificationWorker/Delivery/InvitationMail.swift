internal import Events
internal import Foundation
internal import Identifiers
internal import SMTP

/// Makes the mail of an invitation. The same invitation and repeat make the same octets, whenever and wherever.
struct InvitationMailer: Sendable {
    private let from: Mailbox
    private let publicURL: String

    /// - Parameter publicURL: where people reach the system; without a trailing slash, or with one.
    init(from: Mailbox, publicURL: String) {
        self.from = from
        self.publicURL = publicURL.hasSuffix("/") ? String(publicURL.dropLast()) : publicURL
    }

    /// - Parameter queuedAt: the mail's date.
    func message(_ invitation: InternalAPI.InvitationMail, to address: MailAddress, queuedAt: Timestamp)
        -> MIMEMessage
    {
        let inviter = Self.presentable(invitation.inviterName) ?? "Somebody"
        let room = invitation.roomName.flatMap(Self.presentable) ?? "a room on Parlor"
        let content = InvitationMailContent(
            inviter: inviter, room: room, code: invitation.roomId, link: link(invitation.token),
            expiry: Self.expiry(invitation.expiresAt), address: address.description, settings: settingsLink)
        return MIMEMessage(
            from: from, to: Mailbox(address: address), subject: "\(inviter) invites you to \(room)",
            text: content.text, html: content.html,
            messageID: messageID(invitation.invitationId, repeatNumber: invitation.repeatNumber),
            date: queuedAt.date, unsubscribe: settingsLink)
    }

    /// Stable for an invitation, and another one for each repeat.
    func messageID(_ invitation: InvitationID, repeatNumber: Int) -> String {
        "invitation-\(invitation).\(repeatNumber)@\(from.address.domain)"
    }

    /// The token stands behind `#`, so that no server and no log on the way sees it.
    private func link(_ token: String) -> String {
        let unreserved = CharacterSet(
            charactersIn: "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~")
        return "\(publicURL)/#token=\(token.addingPercentEncoding(withAllowedCharacters: unreserved) ?? "")"
    }

    private var settingsLink: String { "\(publicURL)/#settings" }

    /// A name people gave, fit for a mail from us: without controls and marks that turn the reading direction, at most
    /// 100 characters, and `nil` when it is empty or could be taken for a link of ours.
    static func presentable(_ name: String) -> String? {
        let scalars = name.unicodeScalars.map { scalar in
            switch scalar.value {
            case 0..<0x20, 0x7F...0x9F, 0x2028, 0x2029: Unicode.Scalar(" ")
            default: scalar
            }
        }
        let visible = scalars.filter { ![0x200E, 0x200F, 0x061C, 0xFEFF].contains($0.value) }
            .filter { !(0x202A...0x202E ~= $0.value || 0x2066...0x2069 ~= $0.value) }
        let text = String(String.UnicodeScalarView(visible)).trimmingCharacters(in: .whitespaces)
        let lower = text.lowercased()
        guard !text.isEmpty, !lower.contains("://"), !lower.contains("www."), !lower.contains("mailto:") else {
            return nil
        }
        return String(text.prefix(100))
    }

    private static func expiry(_ time: Timestamp) -> String {
        let formatter = DateFormatter()
        formatter.locale = Locale(identifier: "en_GB")
        formatter.timeZone = .gmt
        formatter.dateFormat = "d MMMM yyyy, HH:mm 'UTC'"
        return formatter.string(from: time.date)
    }
}
