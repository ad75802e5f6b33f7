import Auth
import Events
import Foundation
import HTTPSupport
import Identifiers
import Logging
import ServiceSupport

extension Joiner {
    func join(_ socket: SocketRef, _ reference: RoomReference, _ identity: Identity, _ resume: SocketRequest.Resume)
        async throws
    {
        var heard: LiveRoom?
        if case .code(let code) = reference, let room = hub.room(code), await room.isOpen {
            heard = room
            if await room.seemsFull(to: identity.userID),
                try await room.services.seats.isFull(code, for: identity.userID)
            {
                throw Refusal(.roomFull)
            }
        }
        var admission: InternalAPI.Admission
        if let heard {
            admission = try await admit(identity.userID) { try await heard.admission(of: $0) }
        } else if case .code(let code) = reference, let member = await rooms.remembered(code, identity.userID) {
            // Good enough to know which room is meant.
            admission = member
        } else {
            admission = try await admit(identity.userID) { try await rooms.admission(reference, $0) }
        }
        let ref = RoomRef(id: admission.room.id, code: admission.room.roomId)
        try await hub.withRoom(ref, on: socket.loop) { [heard] room in
            // What was said of somebody before the room's events were bound may have changed unheard: subscribe first,
            // read second.
            if room !== heard { admission = try await admit(identity.userID) { try await room.admission(of: $0) } }
            await room.found(identity.userID, limit: admission.room.maxParticipants)
            try await enter(socket, room, admission, identity, resume)
        }
    }

    private func admit(
        _ userId: UserID, _ ask: (UserID) async throws -> InternalAPI.Admission
    ) async throws -> InternalAPI.Admission {
        let admission: InternalAPI.Admission
        do { admission = try await ask(userId) } catch {
            if case InternalCallError.refused = error { throw Refusal(.roomNotFound) }
            throw error
        }
        guard admission.ban == nil, admission.member != nil else {
            metrics.denied(userId, "\(admission.room.roomId)", action: "join_socket")
            throw Refusal(.notAMember)
        }
        guard admission.room.isActive else { throw Refusal(.roomEnded) }
        return admission
    }

    private func enter(
        _ socket: SocketRef, _ room: LiveRoom, _ admission: InternalAPI.Admission, _ identity: Identity,
        _ resume: SocketRequest.Resume
    ) async throws {
        // Who went away meanwhile takes no seat, and nobody is told that they came.
        guard let member = admission.member, await socket.isJoining() else { return }
        let userId = identity.userID
        let occupant = SeatStore.Occupant(userId: userId, name: member.displayName, role: member.role)
        async let live = timeline.live(room.id, facts: admission.facts, for: userId, resume)
        let seat = try await room.takeSeat(occupant, socket.connectionId)
        do {
            let live = try await live
            let (first, isRecovered) = place(resume, live)
            var view = admission.room
            view.takeSeat(count: seat.count, at: .now())
            view.standing?.myRole = member.role
            let joined = JoinedFrame(
                room: try WireJSON.encode(view), userId: userId, connectionId: socket.connectionId, seq: live.seq,
                isRecovered: isRecovered, recent: isRecovered ? nil : live.recent,
                heartbeatMs: limits.heartbeatMs)
            let facts = admission.facts
            room.perform { room in
                room.welcome(socket, userId, joined, next: first, expiresAt: identity.expiresAt, facts: facts)
            }
            await closeIfBannedMeanwhile(identity, room)
            if isRecovered { metrics.resumed() }
        } catch {
            room.perform { $0.detach(socket.connectionId, .closed) }
            throw error
        }
    }

    /// A ban that became known while somebody came in has closed what was open then, which this was not yet.
    private func closeIfBannedMeanwhile(_ identity: Identity, _ room: LiveRoom) async {
        do { try await access.bans.check(identity) } catch is Problem {
            room.perform { $0.close(identity.userID, .accountBanned) }
        } catch {
            logger.debug("a ban cannot be confirmed", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Where the socket's entries begin, and whether that is where it left off.
    private func place(
        _ resume: SocketRequest.Resume, _ live: TimelineReader.Live
    ) -> (first: Int64, isRecovered: Bool) {
        guard case .after(let seq) = resume, InternalAPI.canResume(after: seq, at: live.seq) else {
            return (live.seq + 1, false)
        }
        return (seq + 1, true)
    }
}

extension RoomView {
    /// A seat taken is activity, which the room service hears of later.
    fileprivate mutating func takeSeat(count: Int, at time: Timestamp) {
        standing?.participantCount = count
        guard time > lastActivityAt else { return }
        expiresAt = expiresAt.map { $0 + time.since(lastActivityAt) }
        lastActivityAt = time
    }
}

/// The first frame, but for who sits in the room and what plays there at the moment it is sent.
struct JoinedFrame: Sendable {
    var room: [UInt8]
    var userId: UserID
    var connectionId: ConnectionID
    var seq: Int64
    var isRecovered: Bool
    /// A JSON array; `nil` where the client is brought up instead.
    var recent: [UInt8]?
    var heartbeatMs: Int64

    func frame(participants: [UInt8], session: SessionStanding) -> Frame {
        let now = Timestamp.now()
        let session = session.session(at: now).flatMap { try? WireJSON.encode($0) }
        var writer = FrameWriter(type: "joined", capacity: participants.count + (recent?.count ?? 0) + 1024)
        writer.field("room", json: room)
        writer.field(
            "self", json: Array("{\"userId\":\"\(userId)\",\"connectionId\":\"\(connectionId)\"}".utf8))
        writer.field("participants", json: participants)
        writer.field("seq", seq)
        writer.field("recovered", isRecovered)
        writer.field("recent", json: recent ?? Array("[]".utf8))
        writer.field("session", json: session ?? Array("null".utf8))
        writer.field("heartbeatMs", heartbeatMs)
        writer.field("serverTime", now)
        writer.field("resumeWindow", InternalAPI.resumeWindow)
        return writer.finish(ephemeral: false)
    }
}

extension LiveRoom {
    /// Sends a socket its first frame and makes it part of the room, in one turn of the room's loop: nothing that
    /// happens here falls between what `joined` shows and what follows it.
    func welcome(
        _ socket: SocketRef, _ userId: UserID, _ joined: JoinedFrame, next: Int64, expiresAt: Timestamp?, facts: Int64
    ) {
        guard holding[socket.connectionId] != nil else { return socket.close(.replaced) }
        let frame = joined.frame(participants: roster.participantsJSON(), session: session)
        socket.perform { session in
            guard session.enter(self, as: userId, until: expiresAt) else {
                return self.perform { $0.detach(socket.connectionId, .closed) }
            }
            session.post(frame)
        }
        // Where the socket had ended it is detached again already: nobody would take it out a second time.
        guard holding[socket.connectionId] != nil else { return }
        attach(socket, as: userId, next: next, seq: joined.seq, facts: facts)
        observe(head: joined.seq)
        socket.perform { $0.catchUp() }
    }
}
