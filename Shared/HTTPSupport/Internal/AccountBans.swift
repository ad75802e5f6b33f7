public import Auth
import Events
public import Identifiers
public import Logging
public import ServiceLifecycle
import ServiceSupport
import Synchronization

/// Which accounts are banned, as the room service says: read every second, so that a ban is known everywhere within two.
///
/// Before somebody is refused, the room service is asked about them, so that a lifted ban never refuses.
public final class AccountBans: Service {
    private static let interval: Duration = .seconds(1)

    private let rooms: InternalClient
    private let time: TimeSource
    private let logger: Logger
    private let bans = Mutex<[UserID: Timestamp?]>([:])
    private let onNewBan: @Sendable (UserID) async -> Void

    /// - Parameter onNewBan: called once for each account found newly banned, to close what it has open.
    public init(
        rooms: InternalClient, time: TimeSource = .system, logger: Logger,
        onNewBan: @escaping @Sendable (UserID) async -> Void = { _ in }
    ) {
        self.rooms = rooms
        self.time = time
        self.logger = logger
        self.onNewBan = onNewBan
    }

    public func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await self.refresh()
                try? await Task.sleep(for: Self.interval)
            }
        }
    }

    /// Throws 403 `account_banned`; 503 where a ban is known but cannot be confirmed.
    public func check(_ identity: Identity) async throws {
        guard isBanned(identity.userID) else { return }
        let answer: InternalAPI.AccountBan = try await rooms.get("/internal/users/\(identity.userID)/ban")
        guard answer.banned else {
            bans.withLock { _ = $0.removeValue(forKey: identity.userID) }
            return
        }
        throw Problem(.accountBanned, answer.reason)
    }

    /// As far as this process knows.
    public func isBanned(_ user: UserID) -> Bool {
        let now = time.now()
        return bans.withLock { bans in
            guard let until = bans[user] else { return false }
            return until.map { $0 > now } ?? true
        }
    }

    private func refresh() async {
        do {
            let answer: InternalAPI.AccountBans = try await rooms.get("/internal/account-bans")
            let current = Dictionary(
                answer.items.map { ($0.userId, $0.until) }, uniquingKeysWith: { first, _ in first })
            let previous = bans.withLock { bans in
                defer { bans = current }
                return bans
            }
            for user in current.keys where previous[user] == nil { await onNewBan(user) }
        } catch {
            logger.debug("account bans cannot be read", metadata: [LogKeys.error: "\(error)"])
        }
    }
}
