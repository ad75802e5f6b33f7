/// Which migrations are still to be applied. Pure.
struct MigrationPlan {
    struct Applied: Equatable {
        let name: String
        let checksum: String
    }

    /// In the order in which they were given.
    let pending: [Migration]
    /// Applied by a newer version of the service that ran before; harmless for an older one.
    let unknown: [String]

    /// - Parameter checksums: those of `migrations`, in their order.
    /// - Throws: `PGError` of kind `.migration` for a name used twice or a migration changed after it was applied.
    init(_ migrations: [Migration], checksums: [String], applied: [Applied]) throws {
        var known: [String: String] = [:]
        for (migration, checksum) in zip(migrations, checksums) {
            guard known.updateValue(checksum, forKey: migration.name) == nil else {
                throw PGError(.migration, "two migrations are called \(migration.name)")
            }
        }
        for row in applied {
            guard let checksum = known[row.name], checksum != row.checksum else { continue }
            let advice = "applied migrations never change: restore it and add a new one"
            throw PGError(.migration, "migration \(row.name) was changed after it was applied; \(advice)")
        }
        let done = Set(applied.map(\.name))
        pending = migrations.filter { !done.contains($0.name) }
        unknown = applied.map(\.name).filter { known[$0] == nil }
    }
}
