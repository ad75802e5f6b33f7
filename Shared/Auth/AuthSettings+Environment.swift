import Foundation
public import ServiceSupport

extension AuthSettings {
    /// Reads `AUTH_MODE`, `JWT_SECRET`, `JWT_ISSUER`, `JWT_AUDIENCE`, `JWKS_URL` or `JWKS_FILE`, `GATEWAY_SECRET`.
    public init(_ settings: Settings) {
        let mode: Mode = settings.choice("AUTH_MODE", default: .jwt)
        let secret = settings.optional("JWT_SECRET")
        if let secret, secret.utf8.count < 32 {
            // RFC 7518, section 3.2: a key is at least as long as the hash.
            settings.fault("JWT_SECRET must have at least 32 bytes")
        }
        let keySource: PublishedKeys.Source?
        switch (settings.optional("JWKS_URL"), settings.optional("JWKS_FILE")) {
        case (_?, _?):
            settings.fault("JWKS_URL and JWKS_FILE exclude each other")
            keySource = nil
        case (_?, nil): keySource = .url(settings.url("JWKS_URL", schemes: ["http", "https"]))
        case (nil, let path?):
            if let file = FileManager.default.contents(atPath: path) {
                if !isKeySet(file) { settings.fault("JWKS_FILE is no JSON Web Key Set") }
            } else {
                settings.fault("JWKS_FILE cannot be read")
            }
            keySource = .file(path)
        case (nil, nil): keySource = nil
        }
        let gatewaySecret = settings.optional("GATEWAY_SECRET")
        if mode == .gateway, gatewaySecret == nil { settings.fault("GATEWAY_SECRET is missing (AUTH_MODE=gateway)") }
        if mode == .jwt, secret == nil, keySource == nil {
            settings.fault("JWT_SECRET, JWKS_URL or JWKS_FILE is needed (AUTH_MODE=jwt)")
        }
        self.init(
            mode: mode, secret: secret, issuer: settings.optional("JWT_ISSUER"),
            audience: settings.optional("JWT_AUDIENCE"), keySource: keySource, gatewaySecret: gatewaySecret)
    }
}

/// Its keys may come later; what is no set (RFC 7517, section 5) never becomes one by waiting.
private func isKeySet(_ json: Data) -> Bool {
    ((try? JSONSerialization.jsonObject(with: json)) as? [String: Any])?["keys"] is [Any]
}
