import Postgres

/// Reads the columns of a row one after the other, in the order of the statement.
struct RowReader {
    private let row: PGRow
    private var column = 0

    init(_ row: PGRow, from column: Int = 0) {
        self.row = row
        self.column = column
    }

    mutating func next<T: PGDecodable>(_ type: T.Type = T.self) throws -> T {
        defer { column += 1 }
        return try row.get(column, as: type)
    }

    mutating func skip(_ count: Int) { column += count }
}
