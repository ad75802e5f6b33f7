/// One row of an answer. Cheap to copy; its values are decoded when asked for.
public struct PGRow: Sendable {
    let result: PGResult
    let index: Int32

    /// How many columns the row has.
    public var count: Int { result.columnCount }

    public var columnNames: [String] { (0..<Int32(count)).map(result.name(ofColumn:)) }

    /// Reads the columns from the left: `let (id, name) = try row.decode((UUID, String?).self)`.
    ///
    /// - Throws: `PGError` of kind `.decoding` that names the column.
    public func decode<each T: PGDecodable>(_ types: (repeat each T).Type) throws -> (repeat each T) {
        var column: Int32 = -1
        func next<V: PGDecodable>(_ type: V.Type) throws -> V {
            column += 1
            return try value(column, as: type)
        }
        return (repeat try next((each T).self))
    }

    /// Reads the column called `name`; the first one when there are several.
    public func get<T: PGDecodable>(_ name: String, as type: T.Type = T.self) throws -> T {
        guard let column = result.column(named: name) else {
            throw PGError(.decoding, "there is no column \(name)")
        }
        return try value(column, as: type)
    }

    /// Reads the column at `index`, counted from 0.
    public func get<T: PGDecodable>(_ index: Int, as type: T.Type = T.self) throws -> T {
        try value(Int32(clamping: index), as: type)
    }

    private func value<T: PGDecodable>(_ column: Int32, as type: T.Type) throws -> T {
        guard column >= 0, column < Int32(count) else {
            throw PGError(.decoding, "column \(column) of a row with \(count)")
        }
        do {
            return try result.withValue(row: index, column: column) { try T(pg: $0) }
        } catch var error as PGError where error.kind == .decoding && error.column == nil {
            let name = result.name(ofColumn: column)
            error.column = name
            error.message = "column \(name): \(error.message)"
            throw error
        }
    }
}
