import Crypto
import Foundation
import Identifiers

/// `AUTH_MODE=gateway`: an authenticating gateway says who calls, and proves itself with a shared secret.
public struct GatewayIdentity: Sendable {
    private let secret: String

    public init(secret: String) { self.secret = secret }

    /// - Parameter header: the request's headers by name.
    public func identity(_ header: (String) -> String?) throws(AuthError) -> Identity {
        guard !secret.isEmpty, let offered = header("X-Gateway-Secret"), ConstantTime.equal(offered, secret) else {
            throw .missing
        }
        guard let subject = header("X-User-Id"), !subject.isEmpty else { throw .missing }
        let email = header("X-User-Email").flatMap { $0.isEmpty ? nil : $0 }
        return Identity(
            userID: UserID(UUID(uuidString: subject) ?? UUID.v5(namespace: .urlNamespace, name: "#\(subject)")),
            email: email, isEmailVerified: email != nil, name: header("X-User-Name"),
            role: header("X-User-Role").flatMap(AccountRole.init) ?? .user, plan: header("X-User-Plan") ?? "free")
    }
}

/// Comparing secrets in a time that does not tell where they differ.
public enum ConstantTime {
    public static func equal(_ left: String, _ right: String) -> Bool {
        // Digests have one length, so that the length does not show either.
        SHA256.hash(data: Data(left.utf8)) == SHA256.hash(data: Data(right.utf8))
    }
}
