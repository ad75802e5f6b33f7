public import HTTPTypes

/// What a caller is told when a request is refused (RFC 9457, `application/problem+json`).
public struct Problem: Error, Sendable, Equatable {
    public var code: ErrorCode
    /// For people; never a secret, stack trace or SQL text.
    public var detail: String?
    public var errors: [FieldError]
    /// Sent as `Retry-After`, rounded up to whole seconds.
    public var retryAfter: Duration?
    public var headers: HTTPFields

    public init(
        _ code: ErrorCode, _ detail: String? = nil, errors: [FieldError] = [], retryAfter: Duration? = nil,
        headers: HTTPFields = [:]
    ) {
        self.code = code
        self.detail = detail
        self.errors = errors
        self.retryAfter = retryAfter
        self.headers = headers
    }

    /// 400 `invalid_input` that names one field.
    public static func invalid(_ field: String, _ message: String) -> Problem {
        Problem(.invalidInput, "\(field) \(message)", errors: [FieldError(field: field, message: message)])
    }

    /// 400 `invalid_input` that names all wrong fields.
    public static func invalid(_ errors: [FieldError]) -> Problem {
        Problem(
            .invalidInput, errors.map { "\($0.field) \($0.message)" }.joined(separator: "; "), errors: errors)
    }
}

/// What is wrong with one field; `message` completes a sentence that begins with the field's name.
public struct FieldError: Codable, Sendable, Equatable {
    public var field: String
    public var message: String

    public init(field: String, message: String) {
        self.field = field
        self.message = message
    }
}

/// The JSON of a problem.
public struct ProblemBody: Codable, Sendable, Equatable {
    public var type: String
    public var title: String
    public var status: Int
    public var detail: String
    public var code: String
    public var requestId: String
    public var retryable: Bool
    public var errors: [FieldError]?

    public init(_ problem: Problem, requestID: String) {
        type = "urn:parlor:problem:\(problem.code.rawValue)"
        title = problem.code.title
        status = problem.code.status.code
        detail = problem.detail ?? problem.code.title
        code = problem.code.rawValue
        requestId = requestID
        retryable = problem.code.isRetryable
        errors = problem.errors.isEmpty ? nil : problem.errors
    }
}
