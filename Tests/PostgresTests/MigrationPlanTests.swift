import Testing

@testable import Postgres

@Suite struct MigrationPlanTests {
    private let migrations = ["1", "2", "3"].map { Migration(name: $0, sql: "sql \($0)") }

    private func plan(_ applied: [(String, String)]) throws -> MigrationPlan {
        try MigrationPlan(
            migrations, checksums: ["c1", "c2", "c3"],
            applied: applied.map { MigrationPlan.Applied(name: $0.0, checksum: $0.1) })
    }

    @Test func pendingOnesKeepTheirOrder() throws {
        #expect(try plan([]).pending.map(\.name) == ["1", "2", "3"])
        #expect(try plan([("2", "c2")]).pending.map(\.name) == ["1", "3"])
        #expect(try plan([("1", "c1"), ("2", "c2"), ("3", "c3")]).pending.isEmpty)
    }

    @Test func aChangedOneIsNamed() {
        let error = #expect(throws: PGError.self) { try plan([("1", "c1"), ("2", "other")]) }
        #expect(error?.description.contains("migration 2 was changed") == true)
    }

    @Test func onesOfANewerVersionAreReportedAndHarmless() throws {
        #expect(try plan([("1", "c1"), ("9", "c9")]).unknown == ["9"])
    }

    @Test func namesAreUnique() {
        let twice = [Migration(name: "1", sql: ""), Migration(name: "1", sql: "")]
        #expect(throws: PGError.self) { try MigrationPlan(twice, checksums: ["a", "a"], applied: []) }
    }
}
