private import Crypto
private import Foundation
internal import Identifiers

/// How a receiver knows that a webhook is ours and fresh: HMAC-SHA256 by the shared secret over `<timestamp>.<body>`,
/// in hexadecimal, as `X-Parlor-Signature: sha256=…` beside `X-Parlor-Timestamp` (seconds since 1970).
struct WebhookSignature {
    let secret: String

    func headers(body: [UInt8], at time: Timestamp) -> [(String, String)] {
        let seconds = "\(time.millisecondsSinceEpoch / 1000)"
        var code = HMAC<SHA256>(key: SymmetricKey(data: Data(secret.utf8)))
        code.update(data: Data("\(seconds).".utf8))
        code.update(data: Data(body))
        let digits = code.finalize().map { byte in
            let hex = String(byte, radix: 16)
            return hex.count < 2 ? "0\(hex)" : hex
        }
        return [("X-Parlor-Timestamp", seconds), ("X-Parlor-Signature", "sha256=\(digits.joined())")]
    }
}
