import Auth
import Crypto
import Foundation
public import Hummingbird
import Identifiers
import HTTPTypes
import NIOCore
public import Postgres

/// Makes a POST with `Idempotency-Key` happen once: a replay within 24 h gets the first 2xx answer (contract, section 2).
///
/// A key belongs to caller, method and path. Another body is 422, a twin in flight 409, a refusal leaves the key free.
/// To be put on the routes that take a key, all of which read a body, outside of what makes problems of refusals. A handler that can, keeps its
/// answer in its own transaction (``IdempotencyHold``); another one makes what it makes under the hold's `operation`.
public struct IdempotencyMiddleware: RouterMiddleware {
    public typealias Context = AppContext

    private let store: IdempotencyStore

    public init(pool: PGPool) { store = IdempotencyStore(pool: pool) }

    public func handle(
        _ request: Request, context: AppContext, next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        guard let key = request.headers[.idempotencyKey] else { return try await next(request, context) }
        guard (1...255).contains(key.utf8.count), key.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else {
            // Nothing happens without the body, and who reads it is told (`Request.body`).
            var context = context
            context.keyFault = .invalid("Idempotency-Key", "must have 1 to 255 visible ASCII characters")
            return try await next(request, context)
        }
        let path = Self.normalized(request.uri.path)
        // So long is no path that a route knows: whatever it names is not there, and has no answer to keep.
        guard path.utf8.count <= 512 else { return try await next(request, context) }
        let body = try await request.wholeBody()
        var request = request
        request.body = .init(buffer: body)
        let claim = IdempotencyStore.Claim(
            userID: try context.identity.userID.uuid, method: request.method.rawValue,
            path: path, key: key,
            bodyHash: Array(SHA256.hash(data: Self.canonical(Data(body.readableBytesView)))))
        switch try await store.claim(claim) {
        case .replay(let answer): return answer.response
        case .mismatch: throw Problem(.idempotencyMismatch)
        case .inFlight: throw Problem(.requestInFlight, retryAfter: .seconds(1))
        case .claimed(let held): return try await perform(request, context, IdempotencyHold(held), next)
        }
    }

    private func perform(
        _ request: Request, _ context: AppContext, _ hold: IdempotencyHold,
        _ next: @concurrent (Request, AppContext) async throws -> Response
    ) async throws -> Response {
        var context = context
        context.idempotency = hold
        var response: Response
        do {
            response = try await next(request, context)
        } catch {
            if Self.isRefusal(error) {
                try? await store.release(hold.token)
            } else {
                try? await store.giveBack(hold.token)
            }
            throw error
        }
        if response.status.kind != .successful {
            try await store.release(hold.token)
        } else if !hold.isKept {
            let buffer = try await response.body.collected()
            try await store.pool.execute(
                IdempotencyStore.keep(
                    StoredAnswer(status: response.status.code, headers: response.headers, body: buffer),
                    of: hold.token))
            response.body = .init(byteBuffer: buffer)
        }
        return response
    }

    /// The same fields in another order are the same body: who sends a request again may write it anew. None is `{}`.
    private static func canonical(_ body: Data) -> Data {
        guard !body.isEmpty else { return Data("{}".utf8) }
        guard let value = try? JSONSerialization.jsonObject(with: body),
            let sorted = try? JSONSerialization.data(withJSONObject: value, options: [.sortedKeys])
        else { return body }
        return sorted
    }

    /// Whether nothing has happened for sure.
    private static func isRefusal(_ error: any Error) -> Bool {
        Problem(describing: error).map { $0.code.status.kind == .clientError } ?? false
    }

    /// `/rooms/` and `/rooms` are one path.
    private static func normalized(_ path: String) -> String {
        path.count > 1 && path.hasSuffix("/") ? String(path.dropLast()) : path
    }
}

extension ResponseBody {
    /// The whole body as one buffer.
    consuming func collected() async throws -> ByteBuffer {
        let collector = Collector()
        try await write(collector)
        return collector.box.buffer
    }

    private struct Collector: ResponseBodyWriter {
        final class Box { var buffer = ByteBuffer() }
        let box = Box()

        mutating func write(_ buffer: ByteBuffer) async throws { box.buffer.writeImmutableBuffer(buffer) }
        consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
    }
}
