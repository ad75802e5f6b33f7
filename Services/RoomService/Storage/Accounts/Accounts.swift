import Auth
import EventBus
import Events
import Identifiers
import Postgres
import ServiceSupport

/// A user as the last token of theirs said.
struct Account: Sendable, Equatable {
    var id: UserID
    var email: String?
    var isEmailVerified: Bool
    var displayName: String
    var role: AccountRole
    var plan: String
    var createdAt: Timestamp
    var bannedAt: Timestamp?
    var bannedUntil: Timestamp?
    var banReason: String?

    var verifiedEmail: String? { isEmailVerified ? email.map(TextRules.key) : nil }

    func isBanned(at now: Timestamp) -> Bool { bannedAt != nil && (bannedUntil.map { $0 > now } ?? true) }
}

extension AccountRole: PGCodable {}

/// The users, and who of them is banned from everything.
struct Accounts: Sendable {
    let pool: PGPool
    let outbox: Outbox
    let clock: TimeSource

    private static let columns: PGQuery = """
        u.id, u.email, u.email_verified, u.display_name, u.role, u.plan, u.created_at, u.banned_at, u.banned_until,
        u.ban_reason
        """

    func find(_ id: UserID) async throws -> Account? {
        try await pool.read("SELECT \(Self.columns) FROM users u WHERE u.id = \(id)").first.map(Account.init(row:))
    }

    static func find(_ id: UserID, in transaction: PGTransaction) async throws -> Account? {
        try await transaction.query("SELECT \(columns) FROM users u WHERE u.id = \(id)").first.map(Account.init(row:))
    }

    /// First contact makes the row, later ones refresh it.
    func note(_ identity: Identity) async throws {
        let now = clock.now()
        try await pool.execute(
            """
            INSERT INTO users (id, email, email_key, email_verified, display_name, told_name, role, plan, created_at,
                seen_at)
            VALUES (\(identity.userID), \(identity.email), \(identity.email.map(TextRules.key)),
                \(identity.isEmailVerified), \(Caller.displayName(identity.name)),
                \(Caller.displayName(identity.name)), \(identity.role), \(identity.plan), \(now), \(now))
            ON CONFLICT (id) DO UPDATE SET email = excluded.email, email_key = excluded.email_key,
                email_verified = excluded.email_verified, display_name = excluded.display_name,
                role = excluded.role, plan = excluded.plan, seen_at = excluded.seen_at
            """)
    }

    /// Bans an account, or changes its ban, and tells every service.
    ///
    /// - Returns: the account as it is now, and whether it was not banned before.
    func ban(
        _ id: UserID, reason: String, until: Timestamp?, by actor: Caller
    ) async throws -> (account: Account, isNew: Bool) {
        let now = clock.now()
        return try await outbox.transaction { transaction, sink in
            let before = try await Self.lock(id, for: actor, in: transaction)
            try await transaction.execute(
                """
                UPDATE users SET banned_at = \(now), banned_until = \(until), banned_by = \(actor.userID),
                    ban_reason = \(reason) WHERE id = \(id)
                """)
            try await sink.append(
                event(UserBan(banned: true, reason: reason, until: until), about: id, by: actor.userID, at: now))
            guard let account = try await Self.find(id, in: transaction) else { throw Refusal.userNotFound }
            return (account, !before.isBanned(at: now))
        }
    }

    /// - Throws: ``Refusal/nothingThere`` for an account that is not banned.
    func unban(_ id: UserID, by actor: Caller) async throws {
        let now = clock.now()
        try await outbox.transaction { transaction, sink in
            let before = try await Self.lock(id, for: actor, in: transaction)
            guard before.isBanned(at: now) else { throw Refusal.nothingThere }
            try await transaction.execute(
                """
                UPDATE users SET banned_at = NULL, banned_until = NULL, banned_by = NULL, ban_reason = NULL
                WHERE id = \(id)
                """)
            try await sink.append(
                event(UserBan(banned: false, reason: nil, until: nil), about: id, by: actor.userID, at: now))
        }
    }

    /// Every ban in force.
    func bans() async throws -> [InternalAPI.AccountBans.Item] {
        try await pool.query(
            """
            SELECT u.id, u.banned_until FROM users u
            WHERE u.banned_at IS NOT NULL AND (u.banned_until IS NULL OR u.banned_until > \(clock.now()))
            """
        ).map { row in
            var reader = RowReader(row)
            return .init(userId: try reader.next(), until: try reader.next())
        }
    }

    /// An account that this administrator may judge.
    func judged(_ id: UserID, by actor: Caller) async throws -> Account {
        guard let account = try await find(id) else { throw Refusal.userNotFound }
        try Self.check(account, by: actor)
        return account
    }

    /// An administrator's account is a super-administrator's to judge; one's own is nobody's.
    private static func check(_ account: Account, by actor: Caller) throws(Refusal) {
        guard account.id != actor.userID, !account.role.isAdministrator || actor.isSuperAdmin else {
            throw .forbidden
        }
    }

    private static func lock(_ id: UserID, for actor: Caller, in transaction: PGTransaction) async throws -> Account {
        let rows = try await transaction.query("SELECT \(columns) FROM users u WHERE u.id = \(id) FOR UPDATE")
        guard let account = try rows.first.map(Account.init(row:)) else { throw Refusal.userNotFound }
        try check(account, by: actor)
        return account
    }

    private func event(_ ban: UserBan, about user: UserID, by actor: UserID, at now: Timestamp) -> Event {
        let scope = RequestScope.current
        return Event(
            body: .userBanned(ban), userId: actor, targetUserId: user, timestamp: now, requestId: scope?.requestID,
            traceparent: scope?.traceparent)
    }
}

extension Account {
    init(row: PGRow) throws {
        var reader = RowReader(row)
        self.init(
            id: try reader.next(), email: try reader.next(), isEmailVerified: try reader.next(),
            displayName: try reader.next(), role: try reader.next(), plan: try reader.next(),
            createdAt: try reader.next(), bannedAt: try reader.next(), bannedUntil: try reader.next(),
            banReason: try reader.next())
    }
}
