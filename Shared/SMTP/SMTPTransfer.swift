internal import CCurl

/// What libcurl asks for and tells during one transfer. Used on the client's thread only, from libcurl's callbacks.
final class SMTPTransfer {
    enum Consent { case notAsked, asked, granted, denied }

    private let message: [UInt8]
    private var offset = 0
    private var replyLines: [String] = []
    /// Whether the end of the mail may be sent. It is asked for when all the rest has been.
    var consent = Consent.notAsked
    /// The final dot was given to the connection.
    private(set) var isHandedOver = false
    /// The last whole reply: of the transfer before, of what followed the final dot after it was handed over.
    private(set) var reply: (code: Int, text: String)?

    init(message: [UInt8]) {
        self.message = message
    }

    /// Gives the next octets; at their end waits for consent, as what follows cannot be taken back.
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        if offset < message.count {
            let count = min(buffer.count, message.count - offset)
            message.withUnsafeBytes { buffer.copyMemory(from: .init(rebasing: $0[offset..<offset + count])) }
            offset += count
            return count
        }
        switch consent {
        case .notAsked, .asked:
            consent = .asked
            return parlor_curl_read_pause()
        case .granted:
            isHandedOver = true
            reply = nil
            return 0
        case .denied:
            return parlor_curl_read_abort()
        }
    }

    /// Takes a line of a reply: `250-first`, `250 last`.
    func received(_ line: String) {
        // 221 answers the QUIT with which libcurl leaves, after the reply that matters.
        guard line.count >= 3, let code = Int(line.prefix(3)), code != 221 else { return }
        let text = String(line.dropFirst(4)).trimmed
        replyLines.append(text)
        guard !line.dropFirst(3).hasPrefix("-") else { return }
        let whole = HeaderEncoding.flattened(replyLines.filter { !$0.isEmpty }.joined(separator: " "))
        reply = (code, "\(code) " + whole.prefix(400))
        replyLines.removeAll()
    }
}
