public import FoundationEssentials

/// One mail: headers and a text with an HTML alternative, in any language.
///
/// `encoded()` depends on nothing but these fields: the same message is the same octets, on every machine and after
/// every restart. Lines end with CRLF and have at most 76 characters but for long addresses; no field can inject a
/// header or end the message.
public struct MIMEMessage: Sendable, Equatable {
    public var from: Mailbox
    public var to: Mailbox
    public var subject: String
    public var text: String
    public var html: String?
    /// `left@right` without brackets; characters that may not stand there are replaced by `-`.
    public var messageID: String
    public var date: Date
    /// Where the reader says that no more such mail is wanted: an `https:`, `http:` or `mailto:` address. Anything
    /// else is left out.
    public var unsubscribe: String?
    /// Says to responders and list software that no person wrote this (RFC 3834).
    public var isAutomatic: Bool

    public init(
        from: Mailbox, to: Mailbox, subject: String, text: String, html: String? = nil, messageID: String, date: Date,
        unsubscribe: String? = nil, isAutomatic: Bool = true
    ) {
        self.from = from
        self.to = to
        self.subject = subject
        self.text = text
        self.html = html
        self.messageID = messageID
        self.date = date
        self.unsubscribe = unsubscribe
        self.isAutomatic = isAutomatic
    }

    /// The whole message as RFC 5322 has it, ready for `DATA` (without dot stuffing) or for an `.eml` file.
    public func encoded() -> [UInt8] {
        var lines = [
            HeaderEncoding.mailbox("From", from),
            HeaderEncoding.mailbox("To", to),
            HeaderEncoding.unstructured("Subject", subject),
            "Date: \(MailDate.format(date))",
            "Message-ID: <\(safeMessageID)>",
        ]
        if isAutomatic { lines.append("Auto-Submitted: auto-generated") }
        if let link = safeUnsubscribe { lines.append("List-Unsubscribe: <\(link)>") }
        lines.append("MIME-Version: 1.0")
        let head = lines.joined(separator: "\r\n") + "\r\n"
        return Array((head + body).utf8)
    }

    private var body: String {
        guard let html else { return part(text, subtype: "plain") }
        let plain = part(text, subtype: "plain")
        let rich = part(html, subtype: "html")
        let boundary = boundary
        return "Content-Type: multipart/alternative;\r\n boundary=\"\(boundary)\"\r\n\r\n"
            + "--\(boundary)\r\n\(plain)--\(boundary)\r\n\(rich)--\(boundary)--\r\n"
    }

    private func part(_ content: String, subtype: String) -> String {
        let encoding = TransferEncoding.fitting(content)
        return "Content-Type: text/\(subtype); charset=utf-8\r\n"
            + "Content-Transfer-Encoding: \(encoding.rawValue)\r\n\r\n" + encoding.encode(content)
    }

    /// `=_` occurs in neither quoted-printable nor base64, so no content can hold this line.
    private var boundary: String {
        "=_parlor_" + String(safeMessageID.prefix { $0 != "@" }.prefix(48))
    }

    /// The Message-ID as it is sent, without brackets.
    public var safeMessageID: String {
        String(
            String.UnicodeScalarView(
                messageID.unicodeScalars.map {
                    $0.isASCIIAlphanumeric || $0 == "." || $0 == "-" || $0 == "_" || $0 == "@" ? $0 : "-"
                }))
    }

    private var safeUnsubscribe: String? {
        guard let unsubscribe, unsubscribe.utf8.count <= 900,
            ["https://", "http://", "mailto:"].contains(where: unsubscribe.hasPrefix),
            unsubscribe.utf8.allSatisfy({ 0x21...0x7E ~= $0 && $0 != UInt8(ascii: "<") && $0 != UInt8(ascii: ">") })
        else { return nil }
        return unsubscribe
    }
}
