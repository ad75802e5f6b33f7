import AMQP
import EventBus
import Events
import Identifiers
import Synchronization

@testable import MessageService

/// A room service in this process: it numbers facts, tells them when asked, and publishes them where a test wants it.
final class FakeRooms: RoomFactSource {
    private struct Room {
        var ref: RoomRef
        var facts: [RoomFact] = []
        var bans: Set<UserID> = []
    }

    private struct State {
        var rooms: [RoomID: Room] = [:]
        var isAway = false
        var questions = 0
    }

    private let state = Mutex(State())

    /// Whether it cannot be asked.
    var isAway: Bool {
        get { state.withLock { $0.isAway } }
        set { state.withLock { $0.isAway = newValue } }
    }

    var questions: Int { state.withLock { $0.questions } }

    func create(owner: UserID) -> RoomRef {
        let ref = RoomRef(id: .new(), code: .random())
        state.withLock { $0.rooms[ref.id] = Room(ref: ref) }
        tell(ref, by: owner, .memberJoined(Self.member(owner, .owner)))
        return ref
    }

    @discardableResult
    func tell(_ room: RoomRef, by user: UserID?, _ body: TimelineBody) -> RoomFact {
        state.withLock { state in
            let number = Int64(state.rooms[room.id, default: Room(ref: room)].facts.count + 1)
            let fact = RoomFact(fact: number, at: .now(), userId: user, body: body)
            state.rooms[room.id]?.facts.append(fact)
            return fact
        }
    }

    @discardableResult
    func join(_ room: RoomRef, _ user: UserID, _ role: MemberRole = .member) -> RoomFact {
        tell(room, by: user, .memberJoined(Self.member(user, role)))
    }

    @discardableResult
    func leave(_ room: RoomRef, _ user: UserID) -> RoomFact {
        tell(room, by: user, .memberLeft(Self.member(user), reason: .left))
    }

    @discardableResult
    func update(_ room: RoomRef, _ user: UserID, _ role: MemberRole = .member, muted: Bool) -> RoomFact {
        tell(room, by: nil, .memberUpdated(Self.member(user, role, muted: muted)))
    }

    @discardableResult
    func ban(_ room: RoomRef, _ user: UserID) -> RoomFact {
        state.withLock { _ = $0.rooms[room.id]?.bans.insert(user) }
        return tell(room, by: nil, .memberBanned(Self.member(user), reason: "spam", until: nil))
    }

    @discardableResult
    func end(_ room: RoomRef) -> RoomFact {
        let now = Timestamp.now()
        let view = RoomView(
            id: room.id, roomId: room.code, name: nil, description: nil, kind: .chat, type: .public, genre: nil,
            hostId: nil, maxParticipants: 10, isActive: false, createdAt: now, updatedAt: now, lastActivityAt: now,
            endedAt: now, expiresAt: nil, version: 2, standing: nil)
        return tell(room, by: nil, .roomEnded(view, reason: .deleted))
    }

    /// As if there had never been such a room.
    func forget(_ room: RoomRef) { state.withLock { _ = $0.rooms.removeValue(forKey: room.id) } }

    static func member(_ user: UserID, _ role: MemberRole = .member, muted: Bool = false) -> MemberView {
        MemberView(
            userId: user, displayName: "Somebody", role: role, isMuted: muted, mutedUntil: nil, joinedAt: .now())
    }

    /// The event a fact goes out as.
    static func event(_ fact: RoomFact, of room: RoomRef) -> Event {
        Event(
            body: .timeline(fact.body), room: room, userId: fact.userId, timestamp: fact.at, fact: fact.fact,
            requestId: "fact-\(fact.fact)")
    }

    // MARK: - RoomFactSource

    func facts(of room: RoomReference, after fact: Int64) async throws(Refusal) -> InternalAPI.Facts? {
        let found = state.withLock { state -> Result<Room?, Refusal> in
            state.questions += 1
            if state.isAway { return .failure(.unavailable) }
            switch room {
            case .id(let id): return .success(state.rooms[id])
            case .code(let code): return .success(state.rooms.values.first { $0.ref.code == code })
            }
        }
        guard let room = try found.get() else { return nil }
        let items = room.facts.filter { $0.fact > fact }.prefix(500)
        return InternalAPI.Facts(
            roomUuid: room.ref.id, roomId: room.ref.code, head: Int64(room.facts.count), items: Array(items))
    }

    func isBanned(_ user: UserID, from room: RoomReference) async throws(Refusal) -> Bool {
        let found = state.withLock { state -> Result<Bool, Refusal> in
            if state.isAway { return .failure(.unavailable) }
            switch room {
            case .id(let id): return .success(state.rooms[id]?.bans.contains(user) ?? false)
            case .code(let code):
                return .success(state.rooms.values.first { $0.ref.code == code }?.bans.contains(user) ?? false)
            }
        }
        return try found.get()
    }
}
