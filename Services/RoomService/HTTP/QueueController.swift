import Events
import HTTPSupport
import Hummingbird
import Identifiers

/// What waits in a session, and the votes on it.
struct QueueController: Sendable {
    let store: RoomStore
    let seats: Seats

    func add(to routes: RouterGroup<AppContext>) {
        routes.get("sessions/:session/queue", use: list)
        routes.post("sessions/:session/queue", use: queue)
        routes.delete("sessions/:session/queue/:item", use: remove)
        routes.post("sessions/:session/queue/:item/vote", use: vote)
        routes.delete("sessions/:session/queue/:item/vote", use: retract)
    }

    @Sendable private func list(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller) = try await access(.read, context)
        let query = Query(request)
        let limit = try query.limit()
        let items = try await store.queue(
            of: access.session.id, for: caller, after: query.cursor(), limit: limit + 1)
        return try .json(
            Page(items, limit: limit) {
                $0
            } position: {
                RoomStore.QueuePosition(
                    upvotes: Int32(clamping: $0.upvotes), position: Int32(clamping: $0.position))
            })
    }

    private struct QueueBody: Decodable { var trackRef: TrackRef }

    @Sendable private func queue(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller) = try await access(.takePart, context)
        try access.checkLive()
        let track = try await request.body(as: QueueBody.self, context).trackRef
        var faults = Faults()
        QueueLimits.check(track, field: "trackRef", faults: &faults)
        try faults.check()
        let item = try await store.queue(
            track, in: access, by: caller, seated: await seats.listeners(in: access.room.room.code))
        return try .json(item, status: .created)
    }

    @Sendable private func remove(_ request: Request, context: AppContext) async throws -> Response {
        let (access, caller) = try await access(.takePart, context)
        try await store.remove(context.queueItem, from: access, by: caller)
        return .noContent
    }

    private struct VoteBody: Decodable { var voteType: VoteType }

    @Sendable private func vote(_ request: Request, context: AppContext) async throws -> Response {
        try await RoomMetrics.timingVote {
            let (access, caller) = try await access(.takePart, context)
            let item = try context.queueItem
            let vote: VoteType
            do { vote = try await request.body(as: VoteBody.self, context).voteType } catch {
                // What the path names comes before what is wrong with the body.
                try await store.requireItem(item, in: access)
                throw error
            }
            return try .json(try await store.vote(vote, for: item, in: access, by: caller))
        }
    }

    @Sendable private func retract(_ request: Request, context: AppContext) async throws -> Response {
        try await RoomMetrics.timingVote {
            let (access, caller) = try await access(.takePart, context)
            _ = try await store.vote(nil, for: context.queueItem, in: access, by: caller)
            return .noContent
        }
    }

    private func access(
        _ action: SessionAction, _ context: AppContext
    ) async throws -> (access: SessionAccess, caller: UserID) {
        let caller = try context.who
        let access = try await store.access(context.session, user: caller.userID)
        try access.check(action)
        return (access, caller.userID)
    }
}

extension AppContext {
    fileprivate var queueItem: QueueItemID { get throws { try id("item", orElse: .notFound) } }
}
