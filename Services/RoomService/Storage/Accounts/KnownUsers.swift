import Auth
import Events
import Identifiers
import Logging
import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Who was seen, so that a caller costs a write only when their token says something new; and who is banned, read every
/// second.
final class KnownUsers: Service {
    private struct Seen {
        var identity: Identity
        var at: Timestamp
    }

    private static let capacity = 50_000
    private static let refreshAfter: Duration = .seconds(3600)

    private let accounts: Accounts
    private let logger: Logger
    private let seen = Mutex<[UserID: Seen]>([:])
    private let banned = Mutex<Set<UserID>>([])

    init(accounts: Accounts, logger: Logger) {
        self.accounts = accounts
        self.logger = logger
    }

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.refresh()
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Reads the bans now.
    func refresh() async {
        do {
            let bans = Set(try await accounts.bans().map(\.userId))
            banned.withLock { $0 = bans }
        } catch {
            logger.debug("account bans not read", metadata: [LogKeys.error: "\(error)"])
        }
    }

    /// Whether the account is banned, asked again of the database before anybody is refused.
    func isBanned(_ user: UserID) async throws -> Account? {
        guard banned.withLock({ $0.contains(user) }) else { return nil }
        guard let account = try await accounts.find(user), account.isBanned(at: accounts.clock.now()) else {
            return nil
        }
        return account
    }

    /// Makes or refreshes the caller's row where needed.
    func note(_ identity: Identity) async throws {
        var plain = identity
        // A new token with the same claims is no news.
        plain.expiresAt = nil
        let now = accounts.clock.now()
        let isNews = seen.withLock { seen in
            guard let last = seen[plain.userID], last.identity == plain else { return true }
            return now.since(last.at) > Self.refreshAfter
        }
        guard isNews else { return }
        try await accounts.note(plain)
        seen.withLock { seen in
            if seen.count >= Self.capacity { seen.removeAll(keepingCapacity: true) }
            seen[plain.userID] = Seen(identity: plain, at: now)
        }
    }
}
