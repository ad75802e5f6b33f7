import AsyncHTTPClient
import Events
import Foundation
public import HTTPTypes
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import ServiceSupport

/// Calls to another service's `/internal` endpoints: always with a deadline, one repetition where that is harmless,
/// and the request's id and trace on the way.
public struct InternalClient: Sendable {
    private let base: String
    private let token: String
    private let deadline: Duration

    /// - Parameters:
    ///   - base: the service's URL, without a path.
    ///   - deadline: for each attempt.
    public init(base: String, token: String, deadline: Duration = .seconds(2)) {
        self.base = base
        self.token = token
        self.deadline = deadline
    }

    public func get<Answer: Decodable>(
        _ path: String, as type: Answer.Type = Answer.self
    ) async throws(InternalCallError) -> Answer {
        try decode(try await call(.GET, path, body: nil, attempts: 2))
    }

    /// The answer's body as it came, for who passes it on.
    public func getBytes(_ path: String) async throws(InternalCallError) -> [UInt8] {
        Array(try await call(.GET, path, body: nil, attempts: 2).readableBytesView)
    }

    /// For `/ready`, whose answer says more than its status.
    public func getAnyStatus<Answer: Decodable>(
        _ path: String, as type: Answer.Type = Answer.self
    ) async throws(InternalCallError) -> Answer {
        do {
            let response = try await HTTPClient.shared.execute(
                HTTPClientRequest(url: base + path), timeout: .seconds(2))
            return try decode(try await response.body.collect(upTo: 1 << 20))
        } catch {
            throw .unavailable("\(base): \(error)")
        }
    }

    /// - Parameter isIdempotent: whether the call may be repeated when its answer was lost.
    public func post<Answer: Decodable>(
        _ path: String, _ body: some Encodable & Sendable, isIdempotent: Bool = true, as type: Answer.Type = Answer.self
    ) async throws(InternalCallError) -> Answer {
        try decode(try await call(.POST, path, body: try encode(body), attempts: isIdempotent ? 2 : 1))
    }

    /// For calls that answer 204.
    public func send(
        _ method: HTTPRequest.Method, _ path: String, _ body: (some Encodable & Sendable)? = String?.none
    ) async throws(InternalCallError) {
        let bytes: [UInt8]? = if let body { try encode(body) } else { nil }
        _ = try await call(HTTPMethod(rawValue: method.rawValue), path, body: bytes, attempts: 2)
    }

    private func encode(_ body: some Encodable) throws(InternalCallError) -> [UInt8] {
        do { return try WireJSON.encode(body) } catch { throw .unavailable("the body cannot be encoded: \(error)") }
    }

    private func decode<Answer: Decodable>(_ buffer: ByteBuffer) throws(InternalCallError) -> Answer {
        do { return try JSONDecoder().decode(Answer.self, from: Data(buffer: buffer)) } catch {
            throw .unavailable("the answer cannot be read: \(error)")
        }
    }

    private func call(
        _ method: HTTPMethod, _ path: String, body: [UInt8]?, attempts: Int
    ) async throws(InternalCallError) -> ByteBuffer {
        var request = HTTPClientRequest(url: base + path)
        request.method = method
        request.headers.add(name: "Authorization", value: "Bearer \(token)")
        if let scope = RequestScope.current {
            request.headers.add(name: "X-Request-Id", value: scope.requestID)
            if let traceparent = scope.traceparent { request.headers.add(name: "traceparent", value: traceparent) }
        }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(body)
        }
        var attempt = 1
        while true {
            do {
                return try await once(request)
            } catch let error as InternalCallError {
                guard case .unavailable = error, attempt < attempts else { throw error }
            } catch {
                guard attempt < attempts, !Task.isCancelled else {
                    throw .unavailable("\(method) \(base): \(type(of: error)) \(error)")
                }
            }
            attempt += 1
        }
    }

    private func once(_ request: HTTPClientRequest) async throws -> ByteBuffer {
        let response = try await HTTPClient.shared.execute(
            request,
            timeout: .milliseconds(
                deadline.components.seconds * 1000 + deadline.components.attoseconds / 1_000_000_000_000_000))
        let body = try await response.body.collect(upTo: 64 << 20)
        if (200..<300).contains(response.status.code) { return body }
        if response.status.code < 500,
            let problem = try? JSONDecoder().decode(ProblemBody.self, from: Data(buffer: body))
        {
            throw InternalCallError.refused(problem)
        }
        throw InternalCallError.unavailable("status \(response.status.code)")
    }
}

/// How a call to another service failed.
public enum InternalCallError: Error, Sendable {
    /// The service is away, too slow, or itself without what it needs; the reason is for logs.
    case unavailable(String)
    /// The service answered, and said no.
    case refused(ProblemBody)

    /// The problem's code, where the service answered with one.
    public var code: ErrorCode? {
        if case .refused(let problem) = self { ErrorCode(rawValue: problem.code) } else { nil }
    }
}
