import Auth
import Events
import Foundation
import HTTPSupport
import Identifiers
import Logging
import ServiceSupport

extension Joiner {
    /// Opens a user's own stream: subscribed first, then what is unread.
    func openStatus(_ socket: SocketRef, _ identity: Identity) async throws {
        let userId = identity.userID, connectionId = socket.connectionId, status = status, logger = logger
        status.add(socket, userId, email: identity.verifiedEmail)
        do {
            // A ban that became known since the first look closed what was open then, which this was not yet.
            try await checkAccount(identity, .status)
            async let rooms = rooms.rooms(of: userId)
            async let listed = unread(identity)
            await status.follow(try await rooms.map(\.code), for: connectionId)
            var ready = FrameWriter(type: "ready")
            ready.field("self", json: Array("{\"userId\":\"\(userId)\",\"connectionId\":\"\(connectionId)\"}".utf8))
            ready.field("heartbeatMs", limits.heartbeatMs)
            ready.field("serverTime", Timestamp.now())
            var frames = [ready.finish(ephemeral: false)]
            let unread = await listed
            for notification in unread.reversed() {
                frames.append(
                    ServerFrame.notice(
                        "notification", "notification", json: try WireJSON.encode(notification), ephemeral: false))
            }
            let end: @Sendable () -> Void = {
                Background.run("end a stream", deadline: .seconds(10), logger: logger) {
                    await status.remove(connectionId)
                }
            }
            status.begin(connectionId, with: frames, unread: Set(unread.map(\.id))) { session in
                let hasEntered = session.enterStatus(as: userId, until: identity.expiresAt, onEnd: end)
                if !hasEntered { end() }
                return hasEntered
            }
        } catch {
            await status.remove(connectionId)
            throw error
        }
    }

    /// The newest unread notifications; a worker that is away keeps nobody from their stream.
    private func unread(_ identity: Identity) async -> [NotificationView] {
        var path = "/internal/users/\(identity.userID)/notifications/unread?limit=50"
        if let email = identity.verifiedEmail?.addingPercentEncoding(withAllowedCharacters: .alphanumerics) {
            path += "&email=\(email)"
        }
        do {
            let answer: InternalAPI.UnreadNotifications = try await notifications.get(path)
            return answer.items
        } catch {
            logger.info("unread notifications cannot be had", metadata: [LogKeys.error: "\(error)"])
            return []
        }
    }
}
