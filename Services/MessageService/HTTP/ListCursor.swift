import HTTPSupport

/// A place in one of this service's lists; one list does not take another's.
struct ListCursor: Codable, Sendable, Equatable {
    enum List: String, Codable, Sendable { case history, replies, search, timeline, pins }
    enum Direction: String, Codable, Sendable { case before, after }

    var list: List
    var direction: Direction
    var seq: Int64

    /// The cursor of a request; `nil` without one. Throws 400 `invalid_cursor`.
    static func read(_ query: Query, of list: List) throws -> ListCursor? {
        guard let cursor = try query.cursor(as: ListCursor.self) else { return nil }
        guard cursor.list == list, cursor.seq >= 0 else { throw Problem(.invalidCursor) }
        return cursor
    }

    var text: String { get throws { try Cursor.encode(self) } }
}
