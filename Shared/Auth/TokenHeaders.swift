import Foundation
import Synchronization

/// What a token says about itself before it is checked: it only selects among keys.
struct TokenHeader: Decodable, Sendable {
    var alg: String
    var kid: String?
    /// Extensions that who reads the token must understand.
    var crit: [String]?
}

/// Reads the headers of tokens. An issuer's tokens begin alike, so those that were read stay known.
final class TokenHeaders: Sendable {
    /// Rotated keys and several issuers make a few; a header that varies without end is somebody's mischief.
    private static let capacity = 64
    private let known = Mutex<[Substring: TokenHeader]>([:])

    func header(of token: String) throws(AuthError) -> TokenHeader {
        let bytes = token.utf8
        let dot = UInt8(ascii: ".")
        guard let end = bytes.firstIndex(of: dot), bytes[end...].count(where: { $0 == dot }) == 2 else {
            throw .invalid("not three parts")
        }
        let text = token[..<end]
        if let header = known.withLock({ $0[text] }) { return header }
        guard let header = Self.read(text) else { throw .invalid("header") }
        known.withLock { known in
            if known.count >= Self.capacity { known = [:] }
            // Of its own: a part of a string keeps the whole.
            known[Substring(String(text))] = header
        }
        return header
    }

    private static func read(_ text: Substring) -> TokenHeader? {
        var base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.count % 4) % 4)
        return Data(base64Encoded: base64).flatMap { try? JSONDecoder().decode(TokenHeader.self, from: $0) }
    }
}
