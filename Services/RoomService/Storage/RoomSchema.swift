import EventBus
import HTTPSupport
import Postgres

/// What the service's schema is made of, oldest first.
enum RoomSchema {
    static let name = "rooms"

    static let migrations =
        EventBusSchema.migrations + IdempotencySchema.migrations + [
            Migration("0001_users", PackageResources.m0001_users_sql),
            Migration("0002_rooms", PackageResources.m0002_rooms_sql),
            Migration("0003_members", PackageResources.m0003_members_sql),
            Migration("0004_invitations", PackageResources.m0004_invitations_sql),
            Migration("0005_audit", PackageResources.m0005_audit_sql),
            Migration("0006_jobs", PackageResources.m0006_jobs_sql),
            Migration("0007_genres", PackageResources.m0007_genres_sql),
            Migration("0008_purges", PackageResources.m0008_purges_sql),
            Migration("0009_told_names", PackageResources.m0009_told_names_sql),
            Migration("0010_kept_mutes", PackageResources.m0010_kept_mutes_sql),
            Migration("0011_sessions", PackageResources.m0011_sessions_sql),
            Migration("0012_pairing", PackageResources.m0012_pairing_sql),
        ]
}

extension Migration {
    fileprivate init(_ name: String, _ sql: [UInt8]) {
        self.init(name: name, sql: String(decoding: sql, as: UTF8.self))
    }
}
