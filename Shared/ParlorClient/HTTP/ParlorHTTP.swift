public import AsyncHTTPClient
import FoundationEssentials
import NIOCore
import NIOFoundationCompat
import NIOHTTP1

/// Parlor's HTTP side, as one caller sees it.
public struct ParlorHTTP: Sendable {
    /// Without a trailing slash.
    public var baseURL: String
    /// Nil calls without `Authorization`.
    public var token: String?
    /// Longest wait for a whole answer.
    public var timeout: Duration
    /// Told every exchange: for tests that hold them against the API's description.
    public var onAnswer: @Sendable (_ method: String, _ path: String, _ body: [UInt8]?, ParlorAnswer) -> Void = {
        _, _, _, _ in
    }
    private let client: HTTPClient

    public init(
        _ baseURL: String, token: String? = nil, timeout: Duration = .seconds(15), client: HTTPClient = .shared
    ) {
        self.baseURL = baseURL.hasSuffix("/") ? String(baseURL.dropLast()) : baseURL
        self.token = token
        self.timeout = timeout
        self.client = client
    }

    /// The same server as another caller.
    public func with(token: String?) -> ParlorHTTP {
        var other = self
        other.token = token
        return other
    }

    /// Sends one request and returns whatever comes back.
    ///
    /// - Parameter path: begins with a slash; percent-encoded by the caller.
    /// - Throws: when there is no answer: connection refused, cut, deadline.
    public func exchange(
        _ method: String, _ path: String, body: JSONValue? = nil, headers: [String: String] = [:]
    ) async throws -> ParlorAnswer {
        try await exchange(method, path, bytes: body?.bytes, contentType: "application/json", headers: headers)
    }

    /// The same with a body of any bytes.
    public func exchange(
        _ method: String, _ path: String, bytes: [UInt8]?, contentType: String?, headers: [String: String] = [:]
    ) async throws -> ParlorAnswer {
        var request = HTTPClientRequest(url: baseURL + path)
        request.method = .init(rawValue: method)
        if let token { request.headers.add(name: "Authorization", value: "Bearer \(token)") }
        if let bytes {
            if let contentType { request.headers.add(name: "Content-Type", value: contentType) }
            request.body = .bytes(bytes)
        }
        for (name, value) in headers { request.headers.replaceOrAdd(name: name, value: value) }
        let start = ContinuousClock.now
        let response = try await client.execute(request, timeout: .init(timeout))
        let content = try await response.body.collect(upTo: 64 << 20)
        let answer = ParlorAnswer(
            status: Int(response.status.code),
            headers: Dictionary(response.headers.map { ($0.name.lowercased(), $0.value) }) { $1 },
            body: Array(content.readableBytesView), duration: start.duration(to: .now))
        onAnswer(method, path, bytes, answer)
        return answer
    }

    /// Sends one request whose refusal is an error.
    ///
    /// - Throws: `ParlorProblem` for any status but 2xx.
    @discardableResult
    public func call(
        _ method: String, _ path: String, body: JSONValue? = nil, headers: [String: String] = [:]
    ) async throws -> ParlorAnswer {
        let answer = try await exchange(method, path, body: body, headers: headers)
        if let problem = answer.problem { throw problem }
        return answer
    }

    public func get(_ path: String) async throws -> JSONValue {
        try await call("GET", path).json ?? .null
    }

    @discardableResult
    public func post(_ path: String, _ body: JSONValue? = nil) async throws -> JSONValue {
        try await call("POST", path, body: body).json ?? .null
    }
}

extension ParlorHTTP {
    /// Somebody signed in.
    public struct Account: Sendable {
        public var userID: String
        public var token: String
        public var email: String
        public var name: String

        public init(userID: String, token: String, email: String, name: String) {
            self.userID = userID
            self.token = token
            self.email = email
            self.name = name
        }
    }

    /// Signs in with a development token (`DEV_AUTH=true`).
    public func signIn(
        email: String, name: String, role: String? = nil, plan: String? = nil
    ) async throws -> Account {
        var body: [String: JSONValue] = ["email": .string(email), "name": .string(name)]
        if let role { body["role"] = .string(role) }
        if let plan { body["plan"] = .string(plan) }
        let answer = try await post("/auth/dev-token", .object(body))
        guard let token = answer["token"]?.string, let userID = answer["userId"]?.string else {
            throw ParlorClientError.unexpected("the answer of /auth/dev-token has no token: \(answer)")
        }
        return Account(userID: userID, token: token, email: email, name: name)
    }
}
