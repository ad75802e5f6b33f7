import Events
import Foundation
import HTTPSupport
import Hummingbird
import Identifiers
import Logging
import NIOCore
import TestSupport

extension FakeHouse {
    nonisolated func application(
        onRunning: @escaping @Sendable (Int) async -> Void
    ) -> Application<RouterResponder<BasicRequestContext>> {
        let router = Router()
        router.add(middleware: Problems())
        router.get("internal/rooms/:room/admission/:user") { _, context in
            Self.json(try await self.admission(context.parameters.require("room"), context.parameters.require("user")))
        }
        router.post("internal/rooms/:room/cache") { _, context in
            guard let code = RoomCode(try context.parameters.require("room")) else { throw Problem(.roomNotFound) }
            try await self.fillCache(code)
            return Response(status: .noContent)
        }
        router.post("internal/rooms/sessions") { request, _ in
            let ids = try WireJSON.decode(InternalAPI.SessionsRequest.self, from: try await Self.body(request)).rooms
            return Self.json(try await self.sessions(ids))
        }
        router.get("internal/rooms/:room/timeline") { request, context in
            let query = request.uri.queryParameters
            return Self.json(
                try await self.timeline(
                    context.parameters.require("room"), after: query.get("after", as: Int64.self) ?? 0,
                    limit: query.get("limit", as: Int.self) ?? 500))
        }
        router.get("internal/rooms/:room/live") { _, context in
            Self.json(try await self.live(context.parameters.require("room")))
        }
        router.post("internal/rooms/heads") { request, _ in
            let ids = try WireJSON.decode(InternalAPI.HeadsRequest.self, from: try await Self.body(request)).rooms
            return Self.json(try await self.heads(ids))
        }
        router.post("internal/commands") { request, _ in
            Self.json(try await self.commands(try await Self.body(request)))
        }
        router.put("internal/rooms/:room/read/:user") { request, context in
            try await self.markRead(
                context.parameters.require("room"), context.parameters.require("user"), try await Self.body(request))
            return Response(status: .noContent)
        }
        router.get("internal/users/:user/rooms") { _, context in
            Self.json(try await self.rooms(of: context.parameters.require("user")))
        }
        router.post("internal/searches") { request, _ in
            let users = try WireJSON.decode(InternalAPI.Present.self, from: try await Self.body(request)).userIds
            await self.hear(present: users)
            return Response(status: .noContent)
        }
        router.get("internal/account-bans") { _, _ in
            let items = await self.bannedAccounts.map { InternalAPI.AccountBans.Item(userId: $0, until: nil) }
            return Self.json(try WireJSON.encode(InternalAPI.AccountBans(items: items)))
        }
        router.get("internal/users/:user/ban") { _, context in
            let user = UserID(try context.parameters.require("user"))
            let isBanned = await self.bannedAccounts.contains { $0 == user }
            return Self.json(
                try WireJSON.encode(InternalAPI.AccountBan(banned: isBanned, reason: nil, until: nil)))
        }
        router.get("internal/users/:user/notifications/unread") { _, _ in
            try await self.beforeUnread(self)
            return Self.json(try WireJSON.encode(InternalAPI.UnreadNotifications(items: await self.unread)))
        }
        router.get("ready") { _, _ in
            let isAway = await self.isRedisAway
            let redis = isAway ? "down" : "up"
            return Self.json(Array(#"{"dependencies":{"postgres":"up","redis":"\#(redis)"}}"#.utf8))
        }
        return Application(
            router: router, server: .cancellable, configuration: .init(address: .hostname("127.0.0.1", port: 0)),
            onServerRunning: { channel in await onRunning(channel.localAddress?.port ?? 0) },
            logger: Logger.silent)
    }

    private static func json(_ bytes: [UInt8]) -> Response {
        Response(
            status: .ok, headers: [.contentType: "application/json"], body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    private static func body(_ request: Request) async throws -> [UInt8] {
        Array(try await request.body.collect(upTo: 1 << 22).readableBytesView)
    }
}

/// Answers refusals as services do.
private struct Problems: RouterMiddleware {
    func handle(
        _ request: Request, context: BasicRequestContext,
        next: @concurrent (Request, BasicRequestContext) async throws -> Response
    ) async throws -> Response {
        do { return try await next(request, context) } catch let problem as Problem {
            return Response(
                status: problem.code.status, headers: [.contentType: "application/problem+json"],
                body: .init(
                    byteBuffer: ByteBuffer(bytes: try WireJSON.encode(ProblemBody(problem, requestID: "test")))))
        }
    }
}
