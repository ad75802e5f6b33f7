import Crypto
import Foundation
import Identifiers

/// The servers through which browsers find each other, with credentials of their own for each user.
struct IceServers: Sendable {
    var stunURLs: [String]
    var turnURLs: [String]
    var turnSecret: String?

    private static let lifetime: Int64 = 3600

    struct Answer: Encodable, Equatable {
        var iceServers: [Server]
        /// Seconds.
        var ttl: Int64
    }

    struct Server: Encodable, Equatable {
        var urls: [String]
        var username: String?
        var credential: String?
    }

    /// TURN REST credentials: the name says until when and who, the password is its HMAC.
    func answer(for user: UserID, at now: Timestamp) -> Answer {
        var servers: [Server] = []
        if !stunURLs.isEmpty { servers.append(Server(urls: stunURLs)) }
        if !turnURLs.isEmpty, let turnSecret {
            let username = "\(now.millisecondsSinceEpoch / 1000 + Self.lifetime):\(user)"
            let code = HMAC<Insecure.SHA1>.authenticationCode(
                for: Array(username.utf8), using: SymmetricKey(data: Array(turnSecret.utf8)))
            servers.append(
                Server(urls: turnURLs, username: username, credential: Data(code).base64EncodedString()))
        }
        return Answer(iceServers: servers, ttl: Self.lifetime)
    }
}
