import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import NIOCore
import Synchronization

/// The few `/internal` answers of the room service that the worker needs, as a test sets them.
final class RoomServiceStandIn: Sendable {
    private struct State {
        var invitations: [InvitationID: InternalAPI.InvitationMail] = [:]
        var rooms: [RoomRef] = []
        var isAway = false
        var isStalling = false
        var asked = 0
    }

    private let state = Mutex(State())

    func set(_ invitation: InternalAPI.InvitationMail) {
        state.withLock { $0.invitations[invitation.invitationId] = invitation }
    }

    func change(_ id: InvitationID, _ change: (inout InternalAPI.InvitationMail) -> Void) {
        state.withLock { state in
            guard var invitation = state.invitations[id] else { return }
            change(&invitation)
            state.invitations[id] = invitation
        }
    }

    func remove(_ id: InvitationID) { state.withLock { _ = $0.invitations.removeValue(forKey: id) } }
    func add(_ room: RoomRef) { state.withLock { $0.rooms.append(room) } }
    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }
    /// Whether particulars of invitations are asked for in vain.
    var isStalling: Bool {
        get { state.withLock { $0.isStalling } }
        set { state.withLock { $0.isStalling = newValue } }
    }
    /// How often particulars of an invitation were asked for.
    var asked: Int { state.withLock { $0.asked } }

    func application(onRunning: @escaping @Sendable (Int) -> Void) -> some ApplicationProtocol {
        let router = Router()
        router.get("/internal/invitations/:id/mail") { _, context -> Response in
            let id = context.parameters.get("id").flatMap { InvitationID($0) }
            self.state.withLock { $0.asked += 1 }
            while self.isStalling { try await Task.sleep(for: .milliseconds(20)) }
            return try self.answer(
                self.state.withLock { state in id.flatMap { state.invitations[$0] } }, "invitation_not_found")
        }
        router.get("/internal/rooms/:room/facts") { _, context -> Response in
            let name = context.parameters.get("room") ?? ""
            let room = self.state.withLock { state in
                state.rooms.first { $0.code.description == name || $0.id.description == name }
            }
            return try self.answer(
                room.map { InternalAPI.Facts(roomUuid: $0.id, roomId: $0.code, head: 1, items: []) }, "room_not_found")
        }
        router.get("/internal/account-bans") { _, _ in try self.answer(InternalAPI.AccountBans(items: []), "") }
        return Application(
            router: router, server: .cancellable, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in onRunning(channel.localAddress?.port ?? 0) },
            logger: Logger(label: "rooms") { _ in SwiftLogNoOpLogHandler() })
    }

    private func answer(_ value: (some Encodable)?, _ code: String) throws -> Response {
        if isAway { return Response(status: .serviceUnavailable) }
        guard let value else {
            let problem =
                #"{"type":"","title":"","status":404,"detail":"","code":"\#(code)","requestId":"","retryable":false}"#
            return Response(status: .notFound, body: .init(byteBuffer: ByteBuffer(string: problem)))
        }
        return Response(status: .ok, body: .init(byteBuffer: ByteBuffer(bytes: try WireJSON.encode(value))))
    }
}
