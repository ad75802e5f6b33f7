import Auth
import Events
import Foundation
import HTTPSupport
import Identifiers
import Logging
import ServiceSupport
import Synchronization

/// Lets sockets in: token, right to be there, seat, and the live stream without a gap. A refusal is a close with a
/// code.
final class Joiner: Reception {
    struct Access: Sendable {
        var verifier: TokenVerifier
        var gateway: GatewayIdentity?
        var bans: AccountBans
        var limiter: RateLimiter
        var joinLimit: RateLimit
        var origins: Set<String>
    }

    private static let deadline: Duration = .seconds(15)

    let limits: SocketLimits
    let access: Access
    let hub: Hub
    let status: StatusHub
    let rooms: RoomDirectory
    let timeline: TimelineReader
    let notifications: InternalClient
    let metrics: SignalingMetrics
    let logger: Logger
    private let draining = Mutex(false)

    init(
        limits: SocketLimits, access: Access, hub: Hub, status: StatusHub, rooms: RoomDirectory,
        timeline: TimelineReader, notifications: InternalClient, metrics: SignalingMetrics, logger: Logger
    ) {
        self.limits = limits
        self.access = access
        self.hub = hub
        self.status = status
        self.rooms = rooms
        self.timeline = timeline
        self.notifications = notifications
        self.metrics = metrics
        self.logger = logger
    }

    func opened() { metrics.socketOpened() }

    func closed(_ code: CloseCode?) { metrics.socketClosed(code) }

    func limited(_ userId: UserID) { metrics.limited(userId) }

    /// From now on nobody is let in.
    func drain() { draining.withLock { $0 = true } }

    private var isDraining: Bool { draining.withLock { $0 } }

    func welcome(_ socket: SocketRef, _ request: SocketRequest, token: String?) {
        let start = ContinuousClock.now
        let scope = RequestScope(requestID: request.requestID, traceparent: request.traceparent)
        RequestScope.$current.withValue(scope) {
            _ = Background.run("join", deadline: Self.deadline, logger: logger) {
                do {
                    try await self.letIn(socket, request, token)
                } catch {
                    self.refuse(socket, error)
                }
                self.metrics.answered(request.target, after: .now - start)
            }
        }
    }

    private func letIn(_ socket: SocketRef, _ request: SocketRequest, _ token: String?) async throws {
        if isDraining { throw Refusal(.draining) }
        if let origin = request.origin, access.origins.isDisjoint(with: [origin, "*"]) {
            throw Refusal(.notAMember, "the origin is not allowed")
        }
        let identity = try await identify(request, token)
        guard request.target != .unknown else { throw Refusal(.roomNotFound) }
        try await checkAccount(identity, request.target)
        guard await access.limiter.take(access.joinLimit, subject: identity.userID.description).isAllowed else {
            metrics.limited(identity.userID)
            throw Refusal(.rateLimited)
        }
        switch request.target {
        case .room(let room): try await join(socket, room, identity, request.resume)
        case .status: try await openStatus(socket, identity)
        case .unknown: break
        }
    }

    private func identify(_ request: SocketRequest, _ token: String?) async throws -> Identity {
        do {
            if let gateway = access.gateway { return try gateway.identity { request.gateway[$0] } }
            guard let token else { throw AuthError.missing }
            return try await access.verifier.verify(token)
        } catch AuthError.keysUnavailable {
            throw Refusal(.unavailable, "the keys cannot be had")
        } catch {
            throw Refusal(.unauthenticated, "\(error)")
        }
    }

    func checkAccount(_ identity: Identity, _ target: SocketRequest.Target) async throws {
        do { try await access.bans.check(identity) } catch is Problem {
            var place = "-"
            if case .room(let room) = target { place = room.description }
            metrics.denied(identity.userID, place, action: "connect")
            throw Refusal(.accountBanned)
        }
    }

    private func refuse(_ socket: SocketRef, _ error: any Error) {
        switch error {
        case let refusal as Refusal:
            logger.debug(
                "socket refused", metadata: ["reason": "\(refusal.code.reason)", "detail": "\(refusal.detail ?? "")"])
            socket.close(refusal.code)
        default:
            logger.info("socket refused: something is away", metadata: [LogKeys.error: "\(String(reflecting: error))"])
            socket.close(.unavailable)
        }
    }

    func refresh(_ socket: SocketRef, token: String, of userId: UserID, id: FrameID?) {
        Background.run("refresh", deadline: .seconds(8), logger: logger) {
            do {
                let identity = try await self.access.verifier.verify(token)
                guard identity.userID == userId else { throw AuthError.invalid("another user") }
                socket.perform { session in
                    session.expiresAt = identity.expiresAt
                    if let id { session.post(ServerFrame.ack(id: id)) }
                }
            } catch {
                let (code, isAway): (ErrorCode, Bool) =
                    switch error as? AuthError {
                    case .keysUnavailable: (.unavailable, true)
                    case .expired: (.tokenExpired, false)
                    default: (.unauthenticated, false)
                    }
                socket.post(
                    ServerFrame.error(
                        id: id, code: code.rawValue, message: "The token was not accepted; the old one stays.",
                        retryable: isAway))
            }
        }
    }
}
