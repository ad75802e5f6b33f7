/// A statement and its values, kept apart: what is interpolated becomes a bound parameter, never text.
///
/// ```swift
/// let query: PGQuery = "SELECT name FROM rooms WHERE id = \(id) AND kind = ANY(\(kinds))"
/// ```
/// A parameter has the SQL type of its Swift type (`String` is `text`, `Int` is `bigint`): cast in SQL where another is
/// needed (`\(text)::inet`). Each link prepares a statement once by its text, so keep what varies in values.
public struct PGQuery: Sendable {
    struct Bind {
        let type: UInt32
        /// In bytes; -1 for NULL.
        let length: Int32
        /// Where its `$n` starts in the statement's UTF-8.
        var position: Int
    }

    private(set) var sql: String
    private(set) var binds: [Bind] = []
    private(set) var buffer = PGBuffer()

    /// The statement's text; its values appear as `$1`, `$2` …
    public var text: String { sql }

    /// - Parameter sql: trusted text without values; never built from what a user sent.
    public init(unescaped sql: String) {
        self.sql = sql
    }

    mutating func append(text: String) {
        sql += text
    }

    mutating func append<T: PGEncodable>(value: T) {
        let start = buffer.bytes.count
        let isNull = value.pgIsNull
        if !isNull { value.encode(into: &buffer) }
        let length = isNull ? -1 : Int32(clamping: buffer.bytes.count - start)
        appendPlaceholder(type: T.pgType.oid, length: length)
    }

    /// Splices another statement in, with its values.
    mutating func append(_ other: PGQuery) {
        var rest = other.sql.utf8[...]
        for bind in other.binds {
            let start = other.sql.utf8.index(other.sql.startIndex, offsetBy: bind.position)
            sql += String(Substring(rest[..<start]))
            appendPlaceholder(type: bind.type, length: bind.length)
            rest = other.sql.utf8[start...].dropFirst().drop { UInt8(ascii: "0")...UInt8(ascii: "9") ~= $0 }
        }
        sql += String(Substring(rest))
        buffer.append(other.buffer)
    }

    private mutating func appendPlaceholder(type: UInt32, length: Int32) {
        binds.append(Bind(type: type, length: length, position: sql.utf8.count))
        sql += "$"
        sql += String(binds.count)
    }

    public static func + (left: PGQuery, right: PGQuery) -> PGQuery {
        var sum = left
        sum.append(right)
        return sum
    }

    public static func += (left: inout PGQuery, right: PGQuery) {
        left.append(right)
    }
}

extension PGQuery: ExpressibleByStringInterpolation {
    public init(stringLiteral value: String) {
        sql = value
    }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.query
    }

    public struct StringInterpolation: StringInterpolationProtocol {
        var query = PGQuery(unescaped: "")

        public init(literalCapacity: Int, interpolationCount: Int) {
            query.reserve(text: literalCapacity + 4 * interpolationCount, values: interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            query.append(text: literal)
        }

        /// A bound parameter.
        public mutating func appendInterpolation<T: PGEncodable>(_ value: T) {
            query.append(value: value)
        }

        /// A bound parameter that may be NULL. Said apart, or the compiler takes an optional for a mistake.
        public mutating func appendInterpolation<T: PGEncodable>(_ value: T?) {
            query.append(value: value)
        }

        /// A piece of another statement, its parameters renumbered.
        public mutating func appendInterpolation(_ fragment: PGQuery) {
            query.append(fragment)
        }

        /// Text of our own making, such as a column's name. Whatever comes from outside must be a parameter instead.
        public mutating func appendInterpolation(unescaped text: String) {
            query.append(text: text)
        }
    }

    fileprivate mutating func reserve(text: Int, values: Int) {
        sql.reserveCapacity(text)
        binds.reserveCapacity(values)
        buffer.bytes.reserveCapacity(values * 16)
    }
}
