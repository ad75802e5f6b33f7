public import Foundation
public import Hummingbird
public import Postgres
import Synchronization

/// A request's hold on its `Idempotency-Key` while it is served.
public final class IdempotencyHold: Sendable {
    /// Names the request through all its attempts: what is made once under this name is made once, whoever dies over it.
    public let operation: UUID
    let token: UUID
    private let hasKept = Atomic(false)

    init(_ held: IdempotencyStore.Held) {
        token = held.token
        operation = held.operation
    }

    /// Whether the answer was kept together with what it tells.
    var isKept: Bool { hasKept.load(ordering: .relaxed) }

    /// Keeps the answer in the transaction that makes it true: both are there afterwards, or neither.
    ///
    /// - Throws: 409 where another attempt has taken the key over; the transaction must not commit then.
    public func keep(_ response: Response, in transaction: PGTransaction) async throws {
        let answer = StoredAnswer(
            status: response.status.code, headers: response.headers, body: try await response.body.collected())
        guard try await transaction.execute(IdempotencyStore.keep(answer, of: token)) == 1 else {
            throw Problem(.requestInFlight, retryAfter: .seconds(1))
        }
        hasKept.store(true, ordering: .relaxed)
    }
}
