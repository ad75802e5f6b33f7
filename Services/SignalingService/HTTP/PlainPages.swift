import Events
import Foundation
import HTTPSupport
import HTTPTypes
import NIOHTTP1
import ServiceSupport

/// `/health`, `/ready` and `/metrics`, as every service has them; all else is a problem.
struct PlainPages: Sendable {
    let health: Health

    func answer(_ head: HTTPRequestHead) -> PlainHTTPHandler.Answer {
        let offered = head.headers.first(name: "x-request-id")
        let requestID =
            offered.flatMap { RequestScope.isAcceptable(requestID: $0) ? $0 : nil } ?? RequestScope.makeRequestID()
        var answer = page(head, requestID)
        answer.headers.append(("X-Request-Id", requestID))
        return answer
    }

    private func page(_ head: HTTPRequestHead, _ requestID: String) -> PlainHTTPHandler.Answer {
        var path = String(head.uri.prefix { $0 != "?" })
        if path.count > 1, path.hasSuffix("/") { path.removeLast() }
        let isSocket = path == "/ws" || path.hasPrefix("/ws/")
        let methods = isSocket ? ["GET"] : ["/health", "/ready", "/metrics"].contains(path) ? ["GET", "HEAD"] : []
        if !methods.isEmpty, !methods.contains(head.method.rawValue) {
            var answer = problem(.methodNotAllowed, requestID)
            answer.headers.append(("Allow", methods.joined(separator: ", ")))
            return answer
        }
        switch path {
        case "/health": return json(.ok, HealthRoutes(health: health).liveness)
        case "/ready":
            let readiness = health.readiness
            return json(readiness.canServe ? .ok : .serviceUnavailable, readiness)
        case "/metrics":
            return .init(
                status: .ok, contentType: "text/plain; version=0.0.4; charset=utf-8",
                body: Bootstrap.metrics.exposition())
        default:
            guard isSocket else { return problem(.notFound, requestID) }
            return problem(
                .invalidInput, requestID,
                detail: "This address is a WebSocket: it takes an upgrade with one Sec-WebSocket-Key, version 13.")
        }
    }

    private func json(_ status: HTTPResponseStatus, _ value: some Encodable) -> PlainHTTPHandler.Answer {
        let body = (try? WireJSON.encode(value)) ?? []
        return .init(status: status, body: String(decoding: body, as: UTF8.self))
    }

    private func problem(_ code: ErrorCode, _ requestID: String, detail: String? = nil) -> PlainHTTPHandler.Answer {
        let body = ProblemBody(Problem(code, detail), requestID: requestID)
        var answer = json(.init(statusCode: code.status.code), body)
        answer.contentType = "application/problem+json"
        return answer
    }
}
