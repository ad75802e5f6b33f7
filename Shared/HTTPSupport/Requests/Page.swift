import Foundation

/// One page of a list: `{"items": […], "nextCursor": "…"|null}`.
public struct Page<Item: Encodable & Sendable>: Encodable, Sendable {
    public var items: [Item]
    /// `nil` on the last page.
    public var nextCursor: String?

    public init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Makes a page of rows that were asked for with one more than `limit`, to know whether there are more.
    public init<Row, Position: Codable>(
        _ rows: [Row], limit: Int, item: (Row) throws -> Item, position: (Row) -> Position
    ) throws {
        let shown = rows.prefix(limit)
        items = try shown.map(item)
        nextCursor = rows.count > limit ? try shown.last.map { try Cursor.encode(position($0)) } : nil
    }

    private enum Field: String, CodingKey { case items, nextCursor }

    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Field.self)
        try fields.encode(items, forKey: .items)
        try fields.encode(nextCursor, forKey: .nextCursor)
    }
}

/// An opaque place in a list.
public enum Cursor {
    public static func encode(_ position: some Encodable) throws -> String {
        try JSONEncoder().encode(position).base64EncodedString()
            .replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    /// Throws 400 `invalid_cursor` for anything but a cursor of this list.
    public static func decode<Position: Decodable>(_ text: String, as type: Position.Type = Position.self) throws
        -> Position
    {
        var base64 = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        base64 += String(repeating: "=", count: (4 - base64.utf8.count % 4) % 4)
        guard text.utf8.count <= 1024, let data = Data(base64Encoded: base64), data != Data("null".utf8),
            let position = try? JSONDecoder().decode(Position.self, from: data)
        else { throw Problem(.invalidCursor) }
        return position
    }
}
