/// A refusal as RFC 9457 spells it, with Parlor's stable `code`.
public struct ParlorProblem: Error, Sendable, CustomStringConvertible {
    public struct FieldError: Sendable, Equatable {
        public var field: String
        public var message: String
    }

    public var status: Int
    /// Empty where the answer was no problem document.
    public var code: String
    public var title: String?
    public var detail: String?
    public var requestID: String?
    public var isRetryable: Bool
    public var errors: [FieldError]
    /// From `Retry-After`.
    public var retryAfter: Duration?

    init(_ answer: ParlorAnswer) {
        let body = answer.json
        status = answer.status
        code = body?["code"]?.string ?? ""
        title = body?["title"]?.string
        detail = body?["detail"]?.string
        requestID = body?["requestId"]?.string ?? answer.requestID
        isRetryable = body?["retryable"]?.bool ?? false
        errors = (body?["errors"]?.array ?? []).map { error in
            FieldError(field: error["field"]?.string ?? "", message: error["message"]?.string ?? "")
        }
        retryAfter = answer.headers["retry-after"].flatMap { Int($0) }.map { .seconds($0) }
    }

    public var description: String {
        let words = [code, detail ?? title ?? ""].filter { !$0.isEmpty }.joined(separator: ": ")
        let fields = errors.map { "\($0.field): \($0.message)" }.joined(separator: "; ")
        let request = requestID.map { " [request \($0)]" } ?? ""
        return "\(status) \(words)\(fields.isEmpty ? "" : " (\(fields))")\(request)"
    }
}
