import AMQP
import EventBus
import Events
import Foundation
import HTTPSupport
import HTTPTypes
import Hummingbird
import Identifiers
import Logging
import NIOCore
import Redis
import ServiceLifecycle
import TestSupport

@testable import SignalingService

/// Stand-ins for the room service, the message service and the notification worker: just what they answer to signaling,
/// kept in memory. The real ones meet signaling in the system tests.
actor FakeHouse {
    struct Room {
        var view: RoomView
        var members: [UserID: MemberView] = [:]
        var bans: Set<UserID> = []
        var facts: Int64 = 0
        var entries: [TimelineEntry] = []
        var keys: [String: (MessageID, Int64)] = [:]
        var readMarkers: [UserID: Int64] = [:]
    }

    let redis: RedisClient
    let publisher: AMQPPublisher
    private let encoder = EventEncoder(source: "test")
    private(set) var rooms: [RoomCode: Room] = [:]
    var bannedAccounts: Set<UserID> = []
    var isRedisAway = false
    /// Whether entries are told to the broker; without, only the timeline has them.
    var tellsEntries = true
    /// Whether commands get no answer for now, though they are served.
    var holdsAnswers = false
    /// Whether facts are told when they commit.
    var tellsFacts = true
    /// Whether anything of the timeline can be read.
    var isTimelineReadable = true
    /// Whether its entries can, other than where it stands.
    var areEntriesReadable = true
    /// Whether who is admitted is remembered in the room's slot. What is there stays: as if nothing could be written there.
    var remembers = false
    /// What happens between a question for an admission and its answer, which does not know of it.
    var afterAdmission: @Sendable (FakeHouse) async throws -> Void = { _ in }
    /// What happens between a question for where the timeline stands and its answer.
    var beforeLive: @Sendable (FakeHouse) async throws -> Void = { _ in }
    /// Texts said too often, but for what is stored under its key.
    var refusedTexts: Set<String> = []
    private(set) var refusals = 0
    /// What is live in every room.
    var session: SessionState?
    private(set) var sessionReads = 0
    var unread: [NotificationView] = []
    /// What happens between a question for the unread and its answer.
    var beforeUnread: @Sendable (FakeHouse) async throws -> Void = { _ in }
    /// Who was last said to be there.
    private(set) var present: [UserID] = []
    private(set) var timelineReads = 0
    private(set) var commandCalls = 0
    private(set) var admissionCalls = 0

    init(redis: RedisClient, publisher: AMQPPublisher) {
        self.redis = redis
        self.publisher = publisher
    }

    func set(_ change: @Sendable (isolated FakeHouse) -> Void) { change(self) }
    func hear(present users: [UserID]) { present = users }

    // MARK: - Rooms

    func makeRoom(_ members: [Person], max: Int = 1000, kind: RoomKind = .chat) async throws -> RoomRef {
        let ref = RoomRef(id: .new(), code: .random())
        let now = Timestamp.now()
        let view = RoomView(
            id: ref.id, roomId: ref.code, name: "Test", description: nil, kind: kind, type: .unlisted, genre: nil,
            hostId: members.first?.userId, maxParticipants: max, isActive: true, createdAt: now, updatedAt: now,
            lastActivityAt: now, endedAt: nil, expiresAt: nil, version: 1,
            standing: .init(memberCount: members.count, participantCount: 0, myRole: nil))
        rooms[ref.code] = Room(view: view)
        try await fillCache(ref.code)
        try await markNew(ref.code)
        for (index, person) in members.enumerated() {
            try await add(person, to: ref, role: index == 0 ? .owner : .member)
        }
        return ref
    }

    private func markNew(_ code: RoomCode) async throws {
        let script = RedisScript(
            "redis.call('SET', KEYS[1], string.match(redis.call('INFO', 'server'), 'run_id:(%w+)'))")
        _ = try await redis.evaluate(script, keys: ["{room:\(code)}:new"])
    }

    func fillCache(_ code: RoomCode) async throws {
        guard let view = rooms[code]?.view else { return }
        let json = """
            {"id":"\(view.id)","hostId":null,"maxParticipants":\(view.maxParticipants),"isActive":\(view.isActive),\
            "kind":"chat","type":"unlisted","version":\(view.version)}
            """
        _ = try await redis.send(RedisCommand("SET", "room:\(code)", json))
    }

    func setLimit(_ limit: Int, of ref: RoomRef) async throws {
        rooms[ref.code]?.view.maxParticipants = limit
        rooms[ref.code]?.view.version += 1
        try await fillCache(ref.code)
    }

    func add(_ person: Person, to ref: RoomRef, role: MemberRole = .member) async throws {
        let member = MemberView(
            userId: person.userId, displayName: person.name, role: role, isMuted: false, mutedUntil: nil,
            joinedAt: .now())
        rooms[ref.code]?.members[person.userId] = member
        try await fact(.memberJoined(member), by: person.userId, in: ref)
    }

    func remove(_ person: Person, from ref: RoomRef) async throws {
        guard let member = rooms[ref.code]?.members.removeValue(forKey: person.userId) else { return }
        try await fact(.memberLeft(member, reason: .removed), by: nil, in: ref)
    }

    func end(_ ref: RoomRef) async throws {
        rooms[ref.code]?.view.isActive = false
        rooms[ref.code]?.view.version += 1
        try await fillCache(ref.code)
        guard let view = rooms[ref.code]?.view else { return }
        try await fact(.roomEnded(view, reason: .deleted), by: nil, in: ref)
    }

    /// A fact passes twice: when it commits, and as the entry it became.
    func fact(_ body: TimelineBody, by userId: UserID?, in ref: RoomRef) async throws {
        rooms[ref.code]?.facts += 1
        let fact = rooms[ref.code]?.facts
        if tellsFacts {
            try? await publish(Event(body: .timeline(body), room: ref, userId: userId, fact: fact))
        }
        try await append(body, by: userId, in: ref)
    }

    @discardableResult
    func append(_ body: TimelineBody, by userId: UserID?, in ref: RoomRef) async throws -> Int64 {
        let seq = Int64(rooms[ref.code]?.entries.count ?? 0) + 1
        let entry = TimelineEntry(seq: seq, at: .now(), userId: userId, body: body)
        rooms[ref.code]?.entries.append(entry)
        if tellsEntries {
            try? await publish(
                Event(body: .timeline(body), room: ref, userId: userId, timestamp: entry.at, seq: seq))
        }
        return seq
    }

    func publish(_ event: Event) async throws {
        let outgoing = try encoder.encode(event)
        try await publisher.publish(
            outgoing.message, exchange: outgoing.exchange, routingKey: outgoing.routingKey)
    }

    @discardableResult
    func say(
        _ text: String, by person: Person, in ref: RoomRef, key: String? = nil, id: MessageID = .new()
    ) async throws -> (MessageID, Int64) {
        if let key, let known = rooms[ref.code]?.keys["\(person.userId)/\(key)"] { return known }
        let seq = Int64(rooms[ref.code]?.entries.count ?? 0) + 1
        let message = MessageView(
            id: id, roomId: ref.code, seq: seq, userId: person.userId, type: .text, content: text, trackRef: nil,
            parentId: nil, clientMessageId: key, createdAt: .now(), editedAt: nil, deletedAt: nil)
        if let key { rooms[ref.code]?.keys["\(person.userId)/\(key)"] = (id, seq) }
        try await append(.messageCreated(message), by: person.userId, in: ref)
        return (id, seq)
    }

    // MARK: - Commands

    func serve(_ batch: CommandBatch) async throws -> ReplyBatch {
        var replies: [CommandReply] = []
        for command in batch.commands {
            let ref = RoomRef(id: command.roomUuid, code: command.roomId)
            guard let member = rooms[ref.code]?.members[command.userId] else {
                replies.append(
                    .refused(command.id, .init(code: "not_a_member", message: "Not a member.", retryable: false)))
                continue
            }
            let isStored = rooms[ref.code]?.keys["\(command.userId)/\(command.clientMessageId)"] != nil
            if refusedTexts.contains(command.content), !isStored {
                refusals += 1
                let refusal = CommandReply.Refusal(
                    code: "rate_limited", message: "The same text.", retryable: true, retryAfterMs: 20_000)
                replies.append(.refused(command.id, refusal))
                continue
            }
            let person = Person(userId: command.userId, name: member.displayName)
            let (id, seq) = try await say(
                command.content, by: person, in: ref, key: command.clientMessageId, id: MessageID(command.id))
            replies.append(.stored(command.id, messageId: id, seq: seq))
        }
        return ReplyBatch(replies: replies)
    }

    // MARK: - HTTP

    private func room(_ text: String) throws -> Room {
        let found = rooms.first { $0.key.description == text || $0.value.view.id.description == text }?.value
        guard let found else { throw Problem(.roomNotFound) }
        return found
    }

    func admission(_ reference: String, _ user: String) async throws -> [UInt8] {
        admissionCalls += 1
        let room = try room(reference)
        guard let userId = UserID(user) else { throw Problem(.roomNotFound) }
        if remembers, let member = room.members[userId] {
            _ = try await redis.send(
                RedisCommand(
                    "HSET", RoomSlot.members(room.view.roomId), "facts", room.facts, "room",
                    try WireJSON.encode(room.view), "\(userId)", try WireJSON.encode(member)))
        }
        let json = try WireJSON.encode(
            InternalAPI.Admission(
                room: room.view, member: room.members[userId],
                ban: room.bans.contains(userId) ? .init(reason: nil, until: nil) : nil, facts: room.facts,
                session: session))
        try await afterAdmission(self)
        return json
    }

    func sessions(_ ids: [RoomID]) throws -> [UInt8] {
        sessionReads += 1
        let found = rooms.values.filter { ids.contains($0.view.id) }
        return try WireJSON.encode(
            InternalAPI.Sessions(
                items: found.map { .init(roomUuid: $0.view.id, facts: $0.facts, session: session) }))
    }

    func timeline(_ reference: String, after: Int64, limit: Int) throws -> [UInt8] {
        guard isTimelineReadable, areEntriesReadable else { throw HTTPError(.serviceUnavailable) }
        timelineReads += 1
        let room = try room(reference)
        let items = Array(room.entries.dropFirst(Int(after)).prefix(limit))
        return try WireJSON.encode(InternalAPI.Timeline(head: Int64(room.entries.count), items: items))
    }

    func live(_ reference: String) async throws -> [UInt8] {
        try await beforeLive(self)
        guard isTimelineReadable else { throw HTTPError(.serviceUnavailable) }
        let room = try room(reference)
        let messages = room.entries.compactMap { entry -> MessageView? in
            if case .messageCreated(let message) = entry.body { message } else { nil }
        }
        return try WireJSON.encode(InternalAPI.Live(seq: Int64(room.entries.count), recent: messages.suffix(50)))
    }

    func heads(_ ids: [RoomID]) throws -> [UInt8] {
        guard isTimelineReadable else { throw HTTPError(.serviceUnavailable) }
        var heads: [String: Int64] = [:]
        for room in rooms.values where ids.contains(room.view.id) {
            heads[room.view.id.description] = Int64(room.entries.count)
        }
        return try WireJSON.encode(InternalAPI.Heads(heads: heads))
    }

    func commands(_ body: [UInt8]) async throws -> [UInt8] {
        commandCalls += 1
        let answer = try WireJSON.encode(try await serve(try WireJSON.decode(CommandBatch.self, from: body)))
        while holdsAnswers { try await Task.sleep(for: .milliseconds(20)) }
        return answer
    }

    func markRead(_ reference: String, _ user: String, _ body: [UInt8]) throws {
        struct Body: Decodable { var seq: Int64 }
        let code = try room(reference).view.roomId
        guard let userId = UserID(user) else { throw Problem(.roomNotFound) }
        rooms[code]?.readMarkers[userId] = try WireJSON.decode(Body.self, from: body).seq
    }

    func rooms(of user: String) throws -> [UInt8] {
        guard let userId = UserID(user) else { throw Problem(.roomNotFound) }
        let items = rooms.values.filter { $0.members[userId] != nil }
            .map { InternalAPI.UserRooms.Item(roomUuid: $0.view.id, roomId: $0.view.roomId) }
        return try WireJSON.encode(InternalAPI.UserRooms(items: items))
    }
}

/// Somebody with a token.
struct Person: Sendable {
    var userId: UserID
    var name: String
    var token = ""
    var email = ""
}
