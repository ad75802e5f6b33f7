public import Auth
public import Hummingbird
public import Identifiers
import Logging
import NIOCore
import ServiceSupport
import Synchronization

/// What belongs to one request on its way through middleware and controller.
public struct AppContext: RequestContext {
    public var coreContext: CoreRequestContextStorage
    public var requestID: String
    /// Who calls, once authenticated.
    public var caller: Identity?
    /// The hold on the request's `Idempotency-Key`, where it came with one and its route takes one.
    public internal(set) var idempotency: IdempotencyHold?
    /// What is wrong with the request's `Idempotency-Key`: told with what is wrong with its body, after its rights.
    var keyFault: Problem?
    /// Set while the server finds out which methods a path knows; no handler runs then.
    var isProbe = false
    let notes = RequestNotes()

    public init(source: Source) {
        coreContext = .init(source: source)
        requestID = ""
    }

    /// The room that the request is about, where a body and not the path names it: logs tell it.
    public func note(room: RoomReference) { notes.note(room) }

    /// For a body that is read before the caller's rights are known.
    public var beforeRights: AppContext {
        var context = self
        context.keyFault = nil
        return context
    }

    /// The fields of a log line about this request, as far as they are known.
    var knownMetadata: Logger.Metadata {
        var metadata: Logger.Metadata = [:]
        metadata[LogKeys.userID] = notes.userID.map { "\($0)" }
        metadata[LogKeys.roomID] = roomCode.map { "\($0)" }
        return metadata
    }

    /// The code of the room, where it is known: neither its UUID nor anything else that stood in its place.
    private var roomCode: String? {
        if let known = RequestScope.current?.roomID { return known }
        guard case .code(let code) = notes.room ?? parameters.get("room").flatMap(RoomReference.init) else {
            return nil
        }
        return code.description
    }

    /// Who calls; throws 401 where nobody was authenticated.
    public var identity: Identity {
        get throws {
            guard let caller else { throw Problem(.unauthenticated) }
            return caller
        }
    }
}

/// What the inner layers find out about a request, for the outer ones that tell of it.
final class RequestNotes: Sendable {
    private struct State {
        var decisions: [RateLimitDecision] = []
        var userID: UserID?
        var room: RoomReference?
    }

    private let state = Mutex(State())

    func note(_ decision: RateLimitDecision) { state.withLock { $0.decisions.append(decision) } }
    func note(_ userID: UserID) { state.withLock { $0.userID = userID } }
    func note(_ room: RoomReference) { state.withLock { $0.room = room } }

    var userID: UserID? { state.withLock { $0.userID } }
    /// Where a body names it.
    var room: RoomReference? { state.withLock { $0.room } }

    /// Of the limits that were checked, the one nearest its end.
    var tightestLimit: RateLimitDecision? {
        state.withLock { state in
            state.decisions.min {
                Double($0.remaining) / Double($0.limit) < Double($1.remaining) / Double($1.limit)
            }
        }
    }
}
