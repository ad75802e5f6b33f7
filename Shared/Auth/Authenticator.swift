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
            guard let token = header("Authorization").flatMap(Self.bearerToken) else { throw .missing }
            return try await verifier.verify(token)
        }
    }

    /// What an `Authorization` field of the scheme `Bearer` (RFC 6750) carries, without the blanks around it.
    static func bearerToken(_ field: String) -> String? {
        let blank = UInt8(ascii: " ")
        let bytes = field.utf8.drop { $0 == blank }
        guard let end = bytes.firstIndex(of: blank), Substring(bytes[..<end]).lowercased() == "bearer" else {
            return nil
        }
        var token = bytes[end...].drop { $0 == blank }
        while token.last == blank { token.removeLast() }
        return token.isEmpty ? nil : String(Substring(token))
    }
}
