internal import CLibPQ
internal import Glibc

/// The answer to one statement, in libpq's own memory.
///
/// Unchecked: nothing changes a result after libpq hands it out, and its accessors only read it, so any thread may.
final class PGResult: @unchecked Sendable {
    private let raw: OpaquePointer

    init(adopting raw: OpaquePointer) {
        self.raw = raw
    }

    deinit {
        PQclear(raw)
    }

    var rowCount: Int { Int(PQntuples(raw)) }
    var columnCount: Int { Int(PQnfields(raw)) }

    var rows: [PGRow] {
        let count = PQntuples(raw)
        guard count > 0 else { return [] }
        return (0..<count).map { PGRow(result: self, index: $0) }
    }

    /// Rows inserted, changed, deleted or selected; 0 for other commands.
    var affectedRows: Int { Int(String(cString: PQcmdTuples(raw))) ?? 0 }

    /// What the server says it did, such as `COMMIT`.
    var commandTag: String { String(cString: PQcmdStatus(raw)) }

    func name(ofColumn column: Int32) -> String {
        PQfname(raw, column).map { String(cString: $0) } ?? ""
    }

    func column(named name: String) -> Int32? {
        (0..<PQnfields(raw)).first { column in
            guard let other = PQfname(raw, column) else { return false }
            return name.withCString { strcmp($0, other) == 0 }
        }
    }

    func withValue<T>(row: Int32, column: Int32, _ body: (borrowing PGValue) throws -> T) rethrows -> T {
        let isNull = PQgetisnull(raw, row, column) != 0
        let value = PGValue(
            oid: PQftype(raw, column),
            base: isNull ? nil : UnsafeRawPointer(PQgetvalue(raw, row, column)),
            count: Int(PQgetlength(raw, row, column)))
        return try body(value)
    }
}
