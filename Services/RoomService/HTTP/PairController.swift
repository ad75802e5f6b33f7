import Events
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers

/// Random pairing: searching for somebody, and what the two of a pair may say of each other.
struct PairController: Sendable {
    let store: RoomStore

    func add(to routes: RouterGroup<AppContext>) {
        routes.post("chat/search", use: search)
        routes.post("chat/cancel-search", use: cancelSearch)
        routes.get("chat/current-room", use: currentRoom)
        routes.get("chat/room/:room", use: show)
        routes.post("chat/like/:room", use: like)
        routes.post("chat/keep/:room", use: keep)
        routes.post("chat/report/:room", use: report)
        routes.post("chat/end/:room", use: end)
    }

    private struct SearchBody: Decodable { var interests: [String]? }

    private enum Status: String, Encodable { case matched, searching, none }

    private struct Searching: Encodable { var status = Status.searching }

    private struct Current: Encodable {
        var status: Status
        @Nullable var room: RoomView?
    }

    @Sendable private func search(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let body = try await request.body(as: SearchBody.self, context)
        switch try await store.search(try Interests(body.interests ?? []), by: caller) {
        case .matched(let room): return try .json(current(.matched(room)))
        case .searching, .none: return try .json(Searching(), status: .accepted)
        }
    }

    @Sendable private func cancelSearch(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        try await request.noFields(context)
        try await store.cancelSearch(of: caller.userID)
        return .noContent
    }

    @Sendable private func currentRoom(_ request: Request, context: AppContext) async throws -> Response {
        try .json(current(try await store.pairingStatus(of: context.who.userID)))
    }

    private func current(_ status: PairingStatus) -> Current {
        switch status {
        case .none: Current(status: .none, room: nil)
        case .searching: Current(status: .searching, room: nil)
        case .matched(let room): Current(status: .matched, room: store.views.whole(room, role: .member))
        }
    }

    @Sendable private func show(_ request: Request, context: AppContext) async throws -> Response {
        let found = try await store.pair(context.roomReference(), of: context.who.userID)
        return try .json(
            store.views.whole(found.room, role: found.access.member?.role), headers: .version(found.room.version))
    }

    @Sendable private func like(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let found = try await store.pair(context.roomReference(), of: caller.userID)
        try found.checkActive()
        try await request.noFields(context)
        try await store.like(found.room.id, by: caller.userID)
        return .noContent
    }

    @Sendable private func keep(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let found = try await store.pair(context.roomReference(), of: caller.userID)
        try found.checkActive()
        try await request.noFields(context)
        try await store.keep(found.room.id, by: caller.userID)
        return .noContent
    }

    private struct ReportBody: Decodable { var reason: String }

    @Sendable private func report(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        // Of a room that has ended too: nobody ends it to escape the report.
        let found = try await store.pair(context.roomReference(), of: caller.userID)
        let body = try await request.body(as: ReportBody.self, context)
        let limits = try Limits(reason: body.reason, until: nil, isReasonRequired: true, now: store.clock.now())
        try await store.reportPartner(found.room.id, reason: limits.reason ?? "", by: caller.userID)
        return .noContent
    }

    @Sendable private func end(_ request: Request, context: AppContext) async throws -> Response {
        let caller = try context.who
        let found = try await store.pair(context.roomReference(), of: caller.userID)
        try found.checkActive(orEndedBy: caller.userID)
        try await request.noFields(context)
        try await store.endPair(found.room.id, by: caller.userID)
        return .noContent
    }
}
