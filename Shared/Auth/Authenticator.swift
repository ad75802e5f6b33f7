/// How callers are known: by their own token, or by what the gateway in front says.
public enum Authenticator: Sendable {
    case tokens(TokenVerifier)
    case gateway(GatewayIdentity)

    /// Who calls, from an HTTP request's headers.
    public func identity(_ header: (String) -> String?) async throws(AuthError) -> Identity {
        switch self {
        case .gateway(let gateway):
            return try gateway.identity(header)
        case .tokens(let verifier):
            guard let authorization = header("Authorization") else { throw .missing }
            let parts = authorization.split(separator: " ", maxSplits: 1)
            guard parts.count == 2, parts[0].lowercased() == "bearer" else { throw .missing }
            return try await verifier.verify(parts[1].trimmingWhitespace())
        }
    }
}

extension Substring {
    fileprivate func trimmingWhitespace() -> String {
        String(drop { $0 == " " }.reversed().drop { $0 == " " }.reversed())
    }
}
