import Events
import Foundation
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// The audit log of a room, and reports about it.
struct ModerationController: Sendable {
    let store: RoomStore
    let messages: InternalClient

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("rooms/:room/audit", use: audit)
        routes.get("rooms/:room/audit/verify", use: verify)
        routes.post("rooms/:room/reports", use: report)
    }

    @Sendable private func audit(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readModeration)
        let query = Query(request)
        let limit = try query.limit()
        let entries = try await AuditTable.page(
            of: access.room.id, before: query.cursor(), limit: limit + 1, in: store.pool)
        return try .json(Page(entries, limit: limit, item: AuditView.init) { $0.number })
    }

    private struct Verdict: Encodable {
        var valid: Bool
        var count: Int64
        @Nullable var firstBroken: String?
    }

    @Sendable private func verify(_ request: Request, context: AppContext) async throws -> Response {
        let access = try await store.access(context.roomReference(), user: context.who.userID)
        try access.check(.readModeration)
        let verdict = try await AuditTable.verify(access.room.id, in: store.pool)
        return try .json(
            Verdict(valid: verdict.isValid, count: verdict.count, firstBroken: verdict.firstBroken.map(AuditView.text)))
    }

    private struct ReportBody: Decodable {
        var userId: UserID?
        var messageId: MessageID?
        var reason: String
    }

    @Sendable private func report(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let access = try await store.access(context.roomReference(), user: caller.userID)
        try access.check(.report)
        let body = try await request.body(as: ReportBody.self, context)
        let limits = try Limits(reason: body.reason, until: nil, isReasonRequired: true, now: store.clock.now())
        if let message = body.messageId { try await requireMessage(message, in: access.room.id) }
        let report = try await store.report(
            access.room.id, user: body.userId, message: body.messageId, reason: limits.reason ?? "",
            by: caller.userID)
        return try .json(ReportView(report), status: .created)
    }
}

extension ModerationController {
    /// - Throws: 404 for a message that is not of this room; 503 where its owner, who alone knows, is away.
    private func requireMessage(_ message: MessageID, in room: RoomID) async throws {
        try await messages.send(.get, "/internal/rooms/\(room)/messages/\(message)")
    }
}

private struct AuditView: Encodable {
    var id: String
    @Nullable var actorId: UserID?
    var action: String
    @Nullable var targetId: String?
    @Nullable var reason: String?
    var at: Timestamp
    var hash: String
    var previousHash: String

    init(_ entry: AuditEntry) {
        id = Self.text(entry.id)
        actorId = entry.actorID
        action = entry.action
        targetId = entry.targetID.map(Self.text)
        reason = entry.reason
        at = entry.at
        hash = Self.hex(entry.hash)
        previousHash = Self.hex(entry.previousHash)
    }

    /// Ids are lower case everywhere.
    static func text(_ id: UUID) -> String { id.uuidString.lowercased() }

    private static func hex(_ bytes: [UInt8]) -> String {
        bytes.map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}

struct ReportView: Encodable {
    var id: ReportID
    var roomId: RoomCode
    var reporterId: UserID
    @Nullable var userId: UserID?
    @Nullable var messageId: MessageID?
    var reason: String
    var createdAt: Timestamp

    init(_ report: Report) {
        id = report.id
        roomId = report.roomCode
        reporterId = report.reporterID
        userId = report.userID
        messageId = report.messageID
        reason = report.reason
        createdAt = report.createdAt
    }
}
