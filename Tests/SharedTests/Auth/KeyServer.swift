import Foundation
import HTTPTypes
import HTTPSupport
import Hummingbird
import Logging
import NIOCore
import Synchronization
import TestSupport

/// A key server as an identity provider runs one, which a test may make fail.
final class KeyServer: Sendable {
    enum Manner: Sendable {
        case keys([SigningKey])
        /// Any answer.
        case says(String, status: HTTPResponse.Status)
        /// The connection is accepted, and nothing comes.
        case hangs
        /// The head comes, and the body never ends.
        case trickles
    }

    private struct State {
        var manner: Manner
        var requests = 0
    }

    let port: Int
    private let state: Mutex<State>

    var url: String { "http://127.0.0.1:\(port)/keys" }
    /// How often it was asked.
    var requests: Int { state.withLock { $0.requests } }

    private init(port: Int, state: consuming Mutex<State>) {
        self.port = port
        self.state = state
    }

    func set(_ manner: Manner) { state.withLock { $0.manner = manner } }

    /// Serves while `body` runs.
    static func run(_ manner: Manner, _ body: @Sendable (KeyServer) async throws -> Void) async throws {
        let (started, start) = AsyncStream<Int>.makeStream()
        let found = Mutex<KeyServer?>(nil)
        let application = Application(
            responder: CallbackResponder { (_: Request, _: BasicRequestContext) in
                guard let server = found.withLock({ $0 }) else { return Response(status: .serviceUnavailable) }
                return try await server.answer()
            },
            server: .cancellable, configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { start.yield($0.localAddress?.port ?? 0) },
            logger: Logger(label: "keys") { _ in SwiftLogNoOpLogHandler() })
        try await serving([application]) {
            var ports = started.makeAsyncIterator()
            let server = KeyServer(port: await ports.next() ?? 0, state: Mutex(State(manner: manner)))
            found.withLock { $0 = server }
            try await body(server)
        }
    }

    private func answer() async throws -> Response {
        let manner = state.withLock { state in
            state.requests += 1
            return state.manner
        }
        switch manner {
        case .keys(let keys): return Self.json(SigningKey.set(keys), .ok)
        case .says(let text, let status): return Self.json(text, status)
        case .hangs:
            try await Task.sleep(for: .seconds(3600))
            return Response(status: .ok)
        case .trickles:
            return Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody { writer in
                    while true {
                        try await writer.write(ByteBuffer(string: " "))
                        try await Task.sleep(for: .milliseconds(20))
                    }
                })
        }
    }

    private static func json(_ text: String, _ status: HTTPResponse.Status) -> Response {
        Response(
            status: status, headers: [.contentType: "application/json"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text)))
    }
}
