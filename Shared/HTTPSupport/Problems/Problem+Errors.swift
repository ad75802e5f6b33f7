import AsyncHTTPClient
public import Auth
import HTTPTypes
import Hummingbird
import Postgres

extension Problem {
    /// What any thrown error means to the caller; `nil` for one that nobody foresaw.
    public init?(describing error: any Error) {
        switch error {
        case let problem as Problem: self = problem
        case let error as PGError where error.isUnavailable:
            self.init(.databaseUnavailable, retryAfter: .seconds(1))
        case let error as AuthError: self.init(error)
        case let error as InternalCallError: self.init(error)
        case let error as HTTPError: self.init(error)
        default: return nil
        }
    }

    public init(_ error: AuthError) {
        switch error {
        case .missing: self.init(.unauthenticated, "A bearer token is needed")
        case .expired: self.init(.tokenExpired, headers: Self.invalidToken("expired"))
        case .invalid: self.init(.unauthenticated, "The token is not valid", headers: Self.invalidToken("not valid"))
        case .keysUnavailable: self.init(.unavailable, "The issuer's keys are unavailable", retryAfter: .seconds(1))
        }
    }

    /// What RFC 6750 (section 3) says of a token that is there and does not do.
    private static func invalidToken(_ description: String) -> HTTPFields {
        [
            .wwwAuthenticate:
                "Bearer realm=\"parlor\", error=\"invalid_token\", error_description=\"\(description)\""
        ]
    }

    private init(_ error: InternalCallError) {
        switch error {
        case .unavailable: self.init(.unavailable, retryAfter: .seconds(1))
        case .refused(let body):
            self.init(ErrorCode(rawValue: body.code) ?? .internal, body.detail, errors: body.errors ?? [])
        }
    }

    private init?(_ error: HTTPError) {
        switch error.status {
        case .notFound: self.init(.notFound)
        case .methodNotAllowed: self.init(.methodNotAllowed)
        case .contentTooLarge: self.init(.tooLarge)
        case .badRequest: self.init(.invalidInput, error.body)
        default: return nil
        }
    }
}
