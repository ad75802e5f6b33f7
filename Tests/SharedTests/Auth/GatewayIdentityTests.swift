import Auth
import Foundation
import Identifiers
import Logging
import ServiceSupport
import Testing

/// `AUTH_MODE=gateway`: who the gateway in front says, and only from that gateway.
@Suite struct GatewayIdentityTests {
    private static let secret = "what only the gateway knows"

    private func settings(_ environment: [String: String]) throws -> AuthSettings {
        let settings = Settings(environment: environment)
        let auth = AuthSettings(settings)
        try settings.finish()
        return auth
    }

    private func authenticator() async throws -> Authenticator {
        let auth = try settings(["AUTH_MODE": "gateway", "GATEWAY_SECRET": Self.secret])
        return await auth.authenticator(logger: Logger(label: "test"))
    }

    @Test func theHeadersSayWhoCalls() async throws {
        let user = UserID.new()
        let headers = [
            "X-Gateway-Secret": Self.secret, "X-User-Id": user.description, "X-User-Email": "Ann@example.test",
            "X-User-Name": "Ann", "X-User-Role": "admin", "X-User-Plan": "pro",
        ]
        let identity = try await authenticator().identity { headers[$0] }
        #expect(
            identity
                == Identity(
                    userID: user, email: "Ann@example.test", isEmailVerified: true, name: "Ann", role: .admin,
                    plan: "pro"))
        let plain = try await authenticator().identity { ["X-User-Id": "ann", "X-Gateway-Secret": Self.secret][$0] }
        #expect(plain.userID == UserID(UUID.v5(namespace: .urlNamespace, name: "#ann")))
        #expect(plain.role == .user && plain.plan == "free" && plain.verifiedEmail == nil)
    }

    @Test(arguments: [nil, "", "what only the gateway know", "what only the gateway knows ", "wrong"] as [String?])
    func withoutTheRightSecretNobodyIsBelieved(secret: String?) async throws {
        var headers = ["X-User-Id": UserID.new().description, "X-User-Role": "super_admin"]
        headers["X-Gateway-Secret"] = secret
        let authenticator = try await authenticator()
        await #expect(throws: AuthError.missing) { try await authenticator.identity { headers[$0] } }
    }

    @Test(arguments: [nil, ""] as [String?])
    func theSecretAloneIsNobody(user: String?) async throws {
        var headers = ["X-Gateway-Secret": Self.secret]
        headers["X-User-Id"] = user
        let authenticator = try await authenticator()
        await #expect(throws: AuthError.missing) { try await authenticator.identity { headers[$0] } }
    }

    /// A token is no way in beside the gateway, and the headers are none where tokens are asked for.
    @Test func theModesDoNotMix() async throws {
        let secret = "a secret of some length, only for tests"
        let token = try await DevTokens(secret: secret, issuer: nil, audience: nil).issue(
            email: "a@example.test", name: nil, role: .user, plan: "free", at: .now()
        ).token
        let headers = [
            "Authorization": "Bearer \(token)", "X-User-Id": UserID.new().description, "X-User-Role": "admin",
        ]
        let gateway = try await authenticator()
        await #expect(throws: AuthError.missing) { try await gateway.identity { headers[$0] } }
        let tokens = try settings(["JWT_SECRET": secret, "GATEWAY_SECRET": Self.secret])
        let identity = try await tokens.authenticator(logger: Logger(label: "test")).identity { name in
            name == "X-Gateway-Secret" ? Self.secret : headers[name]
        }
        #expect(identity.role == .user && identity.email == "a@example.test")
    }

    @Test(arguments: [nil, ""] as [String?])
    func itDoesNotStartWithoutASecret(secret: String?) {
        var environment = ["AUTH_MODE": "gateway"]
        environment["GATEWAY_SECRET"] = secret
        #expect(throws: SettingsError.self) { try settings(environment) }
    }
}
