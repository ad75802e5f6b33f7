import Crypto
import Foundation
import Identifiers

/// Makes the tokens of invitation mails from a secret, so that none is stored: whoever reads the database alone holds no
/// way into a room.
struct InvitationTokens: Sendable {
    private let key: SymmetricKey

    init(secret: String) {
        key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: Array(secret.utf8)),
            info: Array("parlor invitation tokens".utf8), outputByteCount: 32)
    }

    static func nonce() -> [UInt8] {
        var source = SystemRandomNumberGenerator()
        return (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &source) }
    }

    /// 43 characters that a URL takes as they are.
    func token(of invitation: InvitationID, nonce: [UInt8]) -> String {
        let code = HMAC<SHA256>.authenticationCode(for: invitation.uuid.bytes + nonce, using: key)
        return Data(code).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// How a token is looked up.
    static func hash(_ token: String) -> [UInt8] { Array(SHA256.hash(data: Array(token.utf8))) }
}
