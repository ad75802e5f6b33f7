import HTTPTypes
import HTTPSupport
import Hummingbird
import Identifiers
import Logging
import Synchronization
import TestSupport

/// What the room service asks of the message service, answered from a list.
final class MessageServiceStandIn: Sendable {
    private struct State {
        var messages: Set<String> = []
        var forgotten: [String] = []
        var isAway = false
    }

    private let state = Mutex(State())

    /// Rooms that it was told to forget, by their UUID.
    var forgotten: [String] { state.withLock { $0.forgotten } }

    func add(_ message: MessageID, in room: RoomID) {
        state.withLock { _ = $0.messages.insert("/internal/rooms/\(room)/messages/\(message)") }
    }

    /// Away, every call is answered 503.
    func set(isAway: Bool) { state.withLock { $0.isAway = isAway } }

    /// Runs one on a free port while `body` runs with a room service that calls it.
    static func run(
        _ body: @escaping @Sendable (TestRooms, MessageServiceStandIn) async throws -> Void
    ) async throws {
        let standIn = MessageServiceStandIn()
        let (started, start) = AsyncStream<Int>.makeStream()
        let application = Application(
            responder: CallbackResponder { (request: Request, _: BasicRequestContext) in standIn.answer(request) },
            server: .cancellable, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { start.yield($0.localAddress?.port ?? 0) }, logger: .silent)
        try await serving([application]) {
            var ports = started.makeAsyncIterator()
            let port = await ports.next() ?? 0
            try await TestRooms.run(["MESSAGE_URL": "http://127.0.0.1:\(port)"]) { try await body($0, standIn) }
        }
    }

    private func answer(_ request: Request) -> Response {
        guard request.headers[.authorization] == "Bearer internal" else { return Response(status: .unauthorized) }
        return state.withLock { state in
            if state.isAway { return Response(status: .serviceUnavailable) }
            if request.method == .delete {
                state.forgotten.append(String(request.uri.path.dropFirst("/internal/rooms/".count)))
                return Response(status: .noContent)
            }
            if state.messages.contains(request.uri.path) { return Response(status: .noContent) }
            let problem = """
                {"type": "urn:parlor:problem:message_not_found", "title": "No such message", "status": 404,
                "detail": "No such message", "code": "message_not_found", "requestId": "r", "retryable": false}
                """
            return Response(
                status: .notFound, headers: [.contentType: "application/problem+json"],
                body: ResponseBody(byteBuffer: .init(string: problem)))
        }
    }
}
