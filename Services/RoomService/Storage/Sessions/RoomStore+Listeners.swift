import Events
import Identifiers
import Postgres

extension RoomStore {
    /// Makes the caller a listener, and a member of the room where they are none.
    func join(
        _ access: SessionAccess, by caller: Caller, seatsTaken: Int?, seated: Seated
    ) async throws -> SessionSnapshot {
        try await changeSession(access, by: caller.userID, seated: seated) { room, change in
            if try await room.member(caller.userID) == nil {
                let isBanned = try await room.ban(of: caller.userID) != nil
                let invitations = try await room.pendingInvitations(to: caller.verifiedEmail)
                let standing = Standing(isBanned: isBanned, isInvited: !invitations.isEmpty, cameByID: true)
                try SessionPolicy.checkJoin(change.session, in: room.room, by: standing)
                guard change.session.isLive else { throw Refusal.sessionEnded }
                _ = try await room.admit(caller, accepting: invitations, seatsTaken: seatsTaken)
            }
            guard change.session.isLive else { throw Refusal.sessionEnded }
            guard try await !change.hasJoined(caller.userID) else { return }
            change.hasChangedQueue = true
            try change.addListener(caller.userID)
        }.1
    }

    /// The host hands over to the DJ, or to whoever has listened for longest; nobody left ends the session.
    func leave(_ access: SessionAccess, by user: UserID, seated: Seated) async throws {
        _ = try await changeSession(access, by: user, seated: seated) { room, change in
            try await change.requireListener(user)
            try await room.leave(&change, user)
        }
    }

    /// Makes a listener the DJ; `nil` gives that back to the host.
    ///
    /// - Throws: ``Refusal/userNotFound`` for who does not listen.
    func setDJ(
        _ dj: UserID?, in access: SessionAccess, by user: UserID, seated: Seated
    ) async throws -> SessionSnapshot {
        try await changeSession(access, by: user, seated: seated) { room, change in
            try await change.requireHost(user)
            let dj = dj ?? change.session.hostID
            guard try await change.hasJoined(dj) else { throw Refusal.userNotFound }
            change.session.djID = dj
        }.1
    }

    func endSession(_ access: SessionAccess, by user: UserID, seated: Seated) async throws -> SessionSnapshot {
        try await changeSession(access, by: user, seated: seated) { room, change in
            try await change.requireHost(user)
            try await room.end(&change)
        }.1
    }
}

extension SessionChange {
    fileprivate func requireHost(_ user: UserID) async throws {
        try await requireListener(user)
        guard session.hostID == user else { throw Refusal.forbidden }
    }
}
