import Auth
import HTTPSupport
import HTTPTypes
import Hummingbird
import HummingbirdTesting
import Identifiers
import Logging
import NIOCore
import NIOFoundationCompat
import NIOPosix
import ServiceSupport
import Testing
import Foundation

/// The server as every service runs it, with a few routes of its own.
@Suite struct HTTPServerTests {
    private static let secret = "a secret of some length, only for tests"

    private func application(
        burst: Int = 100, logger: Logger = Logger(label: "test"),
        onServerRunning: @escaping @Sendable (any Channel) async -> Void = { _ in }
    ) async throws -> Application<MethodAwareResponder> {
        let settings = Settings(environment: [
            "DATABASE_URL": "postgres://x", "REDIS_URL": "redis://x", "RABBITMQ_URL": "amqp://x",
            "INTERNAL_TOKEN": "internal", "CORS_ORIGINS": "https://app.example", "HTTP_PORT": "0",
        ])
        let common = CommonSettings(settings, defaultPort: 0)
        try settings.finish()
        let verifier = await TokenVerifier(secret: Self.secret, publishedKeys: nil, issuer: nil, audience: nil)
        let health = Health(essential: [.postgres], checks: [.postgres: { true }, .redis: { false }])
        health.declare(job: "sweep")
        return HTTPServer(
            common: common, authenticator: .tokens(verifier), limiter: RateLimiter(redis: nil),
            restLimit: RateLimit(name: "rest", perSecond: 0.001, burst: burst), health: health,
            checkAccount: { if $0.name == "Banned" { throw Problem(.accountBanned) } }, logger: logger
        ).application(onServerRunning: onServerRunning) { routes in
            routes.api.get("things/:id") { _, context in context.parameters.get("id") ?? "" }
            routes.api.delete("things/:id") { _, _ in Response.noContent }
            routes.api.post("things") { request, context in
                struct Body: Decodable { var name: String? }
                return try await Response.json(
                    ["name": request.body(as: Body.self, context).name ?? "-"], status: .created)
            }
            routes.api.delete("rooms/:room") { _, _ -> Response in throw Problem(.forbidden) }
            routes.api.get("fault") { _, _ -> String in throw UnforeseenError() }
            routes.api.post("admin/things") { _, _ in "done" }
            routes.open.post("auth/dev-token") { _, _ in "token" }
            routes.internal.get("internal/secret") { _, _ in "hush" }
            routes.internal.get("internal/account-bans") { _, _ in "none" }
        }
    }

    private struct UnforeseenError: Error {}

    private func token(_ name: String = "Ann", role: AccountRole = .user) async throws -> String {
        let tokens = await DevTokens(secret: Self.secret, issuer: nil, audience: nil)
        return try await tokens.issue(email: "\(name)@example.org", name: name, role: role, plan: "free", at: .now())
            .token
    }

    private func headers(
        _ name: String = "Ann", _ more: HTTPFields = [:], role: AccountRole = .user
    ) async throws -> HTTPFields {
        var fields = more
        fields[.authorization] = "Bearer \(try await token(name, role: role))"
        return fields
    }

    private func problem(_ response: TestResponse) throws -> ProblemBody {
        #expect(response.headers[.contentType] == "application/problem+json")
        return try JSONDecoder().decode(ProblemBody.self, from: Data(buffer: response.body))
    }

    /// Which user, which room, what they wanted: a line for each refusal, and one for each request.
    @Test func refusalsAreLoggedWithTheirUserAndRoom() async throws {
        let file = FileManager.default.temporaryDirectory.appending(path: "log-\(UUID())")
        #expect(FileManager.default.createFile(atPath: file.path, contents: nil))
        defer { try? FileManager.default.removeItem(at: file) }
        let handle = try FileHandle(forWritingTo: file)
        let writer = LineWriter(handle.fileDescriptor)
        let logger = Logger(label: "test") { _ in
            LineLogHandler(service: "test", level: .info, format: .json, writer: writer)
        }
        try await application(burst: 2, logger: logger).test(.router) { client in
            for _ in 0..<3 {
                _ = try await client.execute(uri: "/rooms/abc-defg-hij", method: .delete, headers: try await headers())
            }
            for secret in ["eyJhbGciOiJIUzI1NiJ9.e30.x", "\(UUID())", "ann@example.test"] {
                _ = try await client.execute(
                    uri: "/rooms/\(secret)", method: .delete, headers: try await headers("Ben"))
            }
        }
        writer.flush()
        let text = try String(contentsOf: file, encoding: .utf8)
        let all = try text.split(separator: "\n").map { (json) -> [String: String] in
            let line = try #require(try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any])
            return line.mapValues { "\($0)" }
        }
        // Numbers are JSON's own.
        #expect(text.contains("\"status\":403,") && text.contains(/"durationMs":\d+[,}]/))
        // What stands where the code should be is not repeated.
        #expect(all.count { $0["message"] == "request" && $0["roomId"] == nil } == 3)
        #expect(!text.contains("eyJhbGci") && !text.contains("ann@example.test"))
        let lines = all.filter { $0["roomId"] != nil }
        let denied = lines.filter { $0["message"] == "permission_denied" }
        #expect(denied.count == 2)
        #expect(denied.first?["action"] == "DELETE /rooms/{room}" && denied.first?["code"] == "forbidden")
        #expect(lines.filter { $0["message"] == "rate_limit_exceeded" }.count == 1)
        #expect(lines.filter { $0["message"] == "request" }.count == 3)
        for line in lines {
            #expect(line["service"] == "test" && line["level"] == "info" && line["requestId"]?.isEmpty == false)
            #expect(
                line["roomId"] == "abc-defg-hij" && line["userId"].flatMap { UUID(uuidString: $0) } != nil, "\(line)")
        }
    }

    /// Connections that were accepted and not looked at yet must not end the process.
    @Test func cancelledWhileConnectionsComeItJustEnds() async throws {
        for _ in 0..<10 {
            let (ports, found) = AsyncStream.makeStream(of: Int.self)
            let application = try await application(onServerRunning: { found.yield($0.localAddress?.port ?? 0) })
            let running = Task { try await application.run() }
            var iterator = ports.makeAsyncIterator()
            let port = try #require(await iterator.next())
            let group = MultiThreadedEventLoopGroup.singleton
            let coming = (0..<64).map { _ in ClientBootstrap(group: group).connect(host: "127.0.0.1", port: port) }
            _ = try await coming[0].get()
            running.cancel()
            _ = await running.result
            for connection in coming { try? await connection.get().close() }
        }
    }

    @Test func withoutATokenNobodyPasses() async throws {
        try await application().test(.router) { client in
            for fields: HTTPFields in [
                [:], [.authorization: "Basic x"], [.authorization: "Bearer nonsense"],
                [.authorization: "Bearer internal"],
            ] {
                let response = try await client.execute(uri: "/things/1", method: .get, headers: fields)
                #expect(response.status == .unauthorized)
                let challenge = try #require(response.headers[.wwwAuthenticate])
                #expect(challenge.hasPrefix("Bearer"))
                // RFC 6750, section 3: a reason only where a token was.
                #expect(
                    challenge.contains("error=\"invalid_token\"")
                        == (fields[.authorization]?.hasPrefix("Bearer") ?? false))
                #expect(try problem(response).code == "unauthenticated")
            }
        }
    }

    @Test func requestIdsAreTakenOverOrMade() async throws {
        let name = HTTPField.Name("X-Request-Id")!
        let auth = try await headers()
        try await application().test(.router) { client in
            var fields = auth
            fields[name] = "my-request"
            #expect(
                try await client.execute(uri: "/things/1", method: .get, headers: fields).headers[name] == "my-request")
            for bad in ["with space", String(repeating: "x", count: 129), "ünicode"] {
                fields[name] = bad
                let made = try await client.execute(uri: "/things/1", method: .get, headers: fields).headers[name]
                #expect(made != bad && made?.isEmpty == false)
            }
        }
    }

    @Test func unknownPathsAndMethodsAreProblems() async throws {
        let auth = try await headers()
        try await application().test(.router) { client in
            let unknown = try await client.execute(uri: "/nothing", method: .get, headers: auth)
            #expect(unknown.status == .notFound)
            #expect(try problem(unknown).code == "not_found")
            let method = try await client.execute(uri: "/things/1", method: .put, headers: auth)
            #expect(method.status == .methodNotAllowed)
            #expect(method.headers[.allow] == "GET, HEAD, DELETE")
            #expect(try problem(method).code == "method_not_allowed")
            #expect(try await client.execute(uri: "/things/1/", method: .get, headers: auth).status == .ok)
        }
    }

    /// Who they are comes first, and what there is only then.
    @Test func strangersLearnOfNoPath() async throws {
        let (auth, admin) = (try await headers(), try await headers("Root", role: .admin))
        try await application().test(.router) { client in
            for (method, path): (HTTPRequest.Method, String) in [
                (.get, "/nothing"), (.put, "/things/1"), (.get, "/admin/things"), (.get, "/admin/nothing"),
                (.get, "/auth/nothing"),
            ] {
                let response = try await client.execute(uri: path, method: method)
                #expect(try problem(response).code == "unauthenticated", "\(path)")
            }
            for path in ["/health", "/auth/dev-token"] {
                #expect(try await client.execute(uri: path, method: .patch).status == .methodNotAllowed)
            }
            for (path, code) in [("/admin/things", "method_not_allowed"), ("/admin/nothing", "not_found")] {
                let refused = try await client.execute(uri: path, method: .get, headers: auth)
                #expect(try problem(refused).code == "forbidden", "\(path)")
                let told = try await client.execute(uri: path, method: .get, headers: admin)
                #expect(try problem(told).code == code)
            }
        }
    }

    /// The other services ask for the bans every second: a line for each would bury the rest.
    @Test func whatIsPolledIsNoNews() async throws {
        let log = LogNotes()
        try await application(logger: log.logger).test(.router) { client in
            for path in ["/internal/account-bans", "/internal/secret"] {
                _ = try await client.execute(uri: path, method: .get, headers: [.authorization: "Bearer internal"])
            }
        }
        let lines = log.lines("request")
        #expect(lines.map(\.level) == [.debug, .info])
        #expect(lines.map { $0.fields["route"] } == ["/internal/account-bans", "/internal/secret"])
    }

    @Test func bodiesFollowTheConventions() async throws {
        let auth = try await headers()
        try await application().test(.router) { client in
            func post(_ body: String, _ type: String?) async throws -> TestResponse {
                var fields = auth
                fields[.contentType] = type
                return try await client.execute(
                    uri: "/things", method: .post, headers: fields, body: ByteBuffer(string: body))
            }
            #expect(try await post("", nil).status == .created)
            #expect(try await post("{}", nil).status == .created)
            #expect(try await post(#"{"name":"x"}"#, "application/json; charset=utf-8").status == .created)
            #expect(try await post(#"{"name":"x"}"#, "text/plain").status == .unsupportedMediaType)
            #expect(try problem(try await post("[]", "application/json")).code == "invalid_json")
            let typed = try problem(try await post(#"{"name":1}"#, "application/json"))
            #expect(typed.code == "invalid_input" && typed.errors?.first?.field == "name")
            #expect(
                try await post(#"{"name":"\#(String(repeating: "x", count: 262_144))"}"#, nil).status
                    == .contentTooLarge)
        }
    }

    @Test func aFaultTellsNothingButItsRequest() async throws {
        let auth = try await headers()
        try await application().test(.router) { client in
            let response = try await client.execute(uri: "/fault", method: .get, headers: auth)
            let problem = try problem(response)
            #expect(problem.code == "internal" && problem.status == 500)
            #expect(!String(buffer: response.body).contains("Unforeseen"))
        }
    }

    @Test func theLimitIsCountedAndTold() async throws {
        let auth = try await headers()
        try await application(burst: 2).test(.router) { client in
            let first = try await client.execute(uri: "/things/1", method: .get, headers: auth)
            #expect(first.headers[HTTPField.Name("RateLimit-Limit")!] == "2")
            #expect(first.headers[HTTPField.Name("RateLimit-Remaining")!] == "1")
            _ = try await client.execute(uri: "/things/1", method: .get, headers: auth)
            let refused = try await client.execute(uri: "/things/1", method: .get, headers: auth)
            #expect(refused.status == .tooManyRequests)
            #expect(refused.headers[.retryAfter].flatMap(Int.init).map { $0 > 0 } == true)
            #expect(try problem(refused).retryable)
            #expect(try await client.execute(uri: "/things/1", method: .get, headers: headers("Bob")).status == .ok)
        }
    }

    @Test func bannedAccountsAndOutsidersAreRefused() async throws {
        let banned = try await headers("Banned")
        let auth = try await headers()
        try await application().test(.router) { client in
            #expect(
                try problem(try await client.execute(uri: "/things/1", method: .get, headers: banned)).code
                    == "account_banned")
            #expect(
                try await client.execute(uri: "/internal/secret", method: .get, headers: auth).status == .unauthorized)
            for (path, method) in [("/internal", .get), ("/internal/nothing", .get), ("/internal/secret", .post)]
                as [(String, HTTPRequest.Method)]
            {
                for outsider in [auth, [:]] as [HTTPFields] {
                    let refused = try await client.execute(uri: path, method: method, headers: outsider)
                    #expect(refused.status == .unauthorized, "\(path)")
                }
                let known = try await client.execute(
                    uri: path, method: method, headers: [.authorization: "Bearer internal"])
                #expect(known.status == (method == .get ? .notFound : .methodNotAllowed), "\(path)")
            }
            for path in ["/admin", "/admin/", "/admin/nothing"] {
                #expect(
                    try await client.execute(uri: path, method: .get, headers: auth).status == .forbidden, "\(path)")
            }
            let inside = try await client.execute(
                uri: "/internal/secret", method: .get, headers: [.authorization: "Bearer internal"])
            #expect(String(buffer: inside.body) == "hush")
        }
    }

    @Test func onlyAllowedOriginsAreAnsweredForBrowsers() async throws {
        let preflight: HTTPFields = [.origin: "https://app.example", .accessControlRequestMethod: "POST"]
        let auth = try await headers("Ann", [.origin: "https://evil.example"])
        try await application().test(.router) { client in
            let allowed = try await client.execute(uri: "/things", method: .options, headers: preflight)
            #expect(allowed.status == .noContent)
            #expect(allowed.headers[.accessControlAllowOrigin] == "https://app.example")
            #expect(allowed.headers[.accessControlAllowHeaders]?.contains("Idempotency-Key") == true)
            let refused = try await client.execute(uri: "/things/1", method: .get, headers: auth)
            #expect(refused.headers[.accessControlAllowOrigin] == nil)
            // A refusal must be readable too.
            let denied = try await client.execute(
                uri: "/things/1", method: .get, headers: [.origin: "https://app.example"])
            #expect(
                denied.status == .unauthorized && denied.headers[.accessControlAllowOrigin] == "https://app.example")
        }
    }

    @Test func healthIsOpenAndTellsOfTheDegradedMode() async throws {
        try await application().test(.router) { client in
            let health = try await client.execute(uri: "/health", method: .get)
            let told = try JSONSerialization.jsonObject(with: Data(buffer: health.body)) as? [String: Any]
            let jobs = try #require(told?["jobs"] as? [[String: Any]])
            #expect(jobs.map { $0["name"] as? String } == ["sweep"])
            #expect(jobs.allSatisfy { $0["lastRunAt"] is NSNull && $0["lastError"] is NSNull })
            let ready = try await client.execute(uri: "/ready", method: .get)
            #expect(ready.status == .ok)
            #expect(String(buffer: ready.body).contains("redis_away"))
            #expect(try await client.execute(uri: "/metrics", method: .get).status == .ok)
        }
    }
}
