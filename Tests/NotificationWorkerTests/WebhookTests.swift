import Events
import Foundation
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import NIOCore
import Postgres
import Synchronization
import TestSupport
import Testing

@testable import NotificationWorker

/// A webhook receiver that does as it is told.
final class Receiver: Sendable {
    struct Post: Sendable {
        var headers: HTTPFields
        var body: String
    }

    let posts = Mutex<[Post]>([])
    let status = Mutex(HTTPResponse.Status.ok)
    let port = Mutex(0)

    /// Of different posts: an answer that comes too late is asked for again.
    var bodies: Set<String> { Set(posts.withLock { $0.map(\.body) }) }

    func run<T: Sendable>(_ body: @escaping @Sendable (String) async throws -> T) async throws -> T {
        let router = Router()
        router.post("/hook") { request, _ -> Response in
            let content = String(buffer: try await request.body.collect(upTo: 1 << 20))
            self.posts.withLock { $0.append(Post(headers: request.headers, body: content)) }
            return Response(status: self.status.withLock { $0 }, headers: [.location: "/elsewhere"])
        }
        router.on("/elsewhere", method: .get) { _, _ -> Response in
            Issue.record("a redirect was followed")
            return Response(status: .ok)
        }
        let application = Application(
            router: router, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in self.port.withLock { $0 = channel.localAddress?.port ?? 0 } },
            logger: Logger(label: "receiver") { _ in SwiftLogNoOpLogHandler() })
        return try await serving([application]) {
            try await eventually("the receiver listens") { self.port.withLock { $0 } != 0 }
            return try await body("http://127.0.0.1:\(self.port.withLock { $0 })/hook")
        }
    }
}

@Suite struct WebhookTests {
    static func settings(_ url: String, allowPrivate: Bool = true) -> [String: String] {
        ["WEBHOOK_URL": url, "WEBHOOK_SECRET": "secret", "WEBHOOK_ALLOW_PRIVATE": "\(allowPrivate)"]
    }

    @Test func aNotificationIsPostedSignedAndWithoutTheToken() async throws {
        let receiver = Receiver()
        try await receiver.run { url in
            try await Worker.run(Self.settings(url)) { worker in
                let invited = try await worker.invite(Invited("bob@example.org"))
                try await eventually("it is posted") { receiver.posts.withLock { !$0.isEmpty } }
                let post = try #require(receiver.posts.withLock { $0.first })
                func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { post.headers[$0] } }
                let time = try #require(header("X-Parlor-Timestamp").flatMap(Int64.init))
                let expected = WebhookSignature(secret: "secret").headers(
                    body: Array(post.body.utf8), at: Timestamp(millisecondsSinceEpoch: time * 1000))
                #expect(header("X-Parlor-Signature") == expected[1].1)
                #expect(post.body.contains(invited.id.description))
                #expect(!post.body.contains(invited.mail.token))
                #expect(header("X-Parlor-Event-Id").map { post.body.contains($0) } == true)
                try await eventually("the row is gone") {
                    try await worker.pool.query("SELECT 1 FROM webhook_deliveries").isEmpty
                }
                #expect(receiver.bodies.count == 1)
            }
        }
    }

    @Test func aReceiverThatFailsIsTriedAgainAndRedirectsAreNotFollowed() async throws {
        let receiver = Receiver()
        receiver.status.withLock { $0 = .temporaryRedirect }
        try await receiver.run { url in
            try await Worker.run(Self.settings(url)) { worker in
                let invited = try await worker.invite(Invited("bob@example.org"))
                try await worker.waitFor(.sent, of: invited.id)
                try await eventually("it is refused") {
                    try await worker.pool.query("SELECT 1 FROM webhook_deliveries WHERE last_error = 'status 307'")
                        .count == 1
                }
                receiver.status.withLock { $0 = .noContent }
                try await eventually("it is taken") {
                    try await worker.pool.query("SELECT 1 FROM webhook_deliveries").isEmpty
                }
                #expect(receiver.bodies.count == 1)
            }
        }
    }

    @Test func privateAddressesAreRefusedUnlessAllowed() async throws {
        let receiver = Receiver()
        try await receiver.run { url in
            try await Worker.run(Self.settings(url, allowPrivate: false)) { worker in
                let invited = try await worker.invite(Invited("bob@example.org"))
                try await worker.waitFor(.sent, of: invited.id)
                try await eventually("it is refused") {
                    try await worker.pool.query(
                        "SELECT 1 FROM webhook_deliveries WHERE last_error = 'the address is not public'"
                    ).count == 1
                }
                #expect(receiver.posts.withLock { $0.isEmpty })
            }
        }
    }

    @Test func aDeadReceiverDelaysNothingElse() async throws {
        let receiver = Receiver()
        try await receiver.run { url in
            // Nobody listens on the first; the second is well.
            let dead = "http://127.0.0.1:\(try LocalPort.free())/hook"
            try await Worker.run(Self.settings("\(dead),\(url)")) { worker in
                for number in 1...8 {
                    let invited = try await worker.invite(Invited("guest\(number)@example.org"))
                    try await worker.waitFor(.sent, of: invited.id)
                }
                try await eventually("the living has all") { receiver.bodies.count == 8 }
            }
        }
    }
}
