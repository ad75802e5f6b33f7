public import Logging

/// How identity is set up, as the environment says (`AUTH_MODE`, `JWT_*`, `JWKS_*`, `GATEWAY_SECRET`, `DEV_AUTH`).
public struct AuthSettings: Sendable {
    public var mode: Mode
    public var secret: String?
    public var issuer: String?
    public var audience: String?
    public var keySource: PublishedKeys.Source?
    public var gatewaySecret: String?

    public enum Mode: String, CaseIterable, Sendable { case jwt, gateway }

    public init(
        mode: Mode, secret: String?, issuer: String?, audience: String?, keySource: PublishedKeys.Source?,
        gatewaySecret: String?
    ) {
        self.mode = mode
        self.secret = secret
        self.issuer = issuer
        self.audience = audience
        self.keySource = keySource
        self.gatewaySecret = gatewaySecret
    }

    public func authenticator(logger: Logger) async -> Authenticator {
        switch mode {
        case .gateway: return .gateway(GatewayIdentity(secret: gatewaySecret ?? ""))
        case .jwt: return .tokens(await tokenVerifier(logger: logger))
        }
    }

    /// For tokens that come another way than in a header, as sockets' do.
    public func tokenVerifier(logger: Logger) async -> TokenVerifier {
        await TokenVerifier(
            secret: secret, publishedKeys: keySource.map { PublishedKeys(source: $0, logger: logger) },
            issuer: issuer, audience: audience)
    }
}
