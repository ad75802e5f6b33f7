public import Hummingbird
public import Identifiers

/// A request's query parameters, read strictly: a value that a parameter does not know is 400.
public struct Query {
    private let values: [String: String]

    public init(_ request: Request) {
        var values: [String: String] = [:]
        for pair in (request.uri.query ?? "").utf8.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            values[Self.decoded(parts[0])] = parts.count == 2 ? Self.decoded(parts[1]) : ""
        }
        self.values = values
    }

    /// As browsers and forms write it: `%20` and `+` are a space. What is no UTF-8 becomes U+FFFD, and what is no
    /// escape stays as it is.
    private static func decoded(_ text: Substring.UTF8View) -> String {
        var bytes: [UInt8] = []
        var rest = text
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let escaped = UInt8(Substring(rest.prefix(2)), radix: 16), rest.count >= 2 {
                bytes.append(escaped)
                rest.removeFirst(2)
            } else {
                bytes.append(byte == UInt8(ascii: "+") ? UInt8(ascii: " ") : byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// A text to look for; `nil` for an absent or empty parameter, 400 for one with control characters in it.
    public func string(_ name: String) throws -> String? {
        guard let text = values[name], !text.isEmpty else { return nil }
        guard !TextRules.hasControlCharacters(text, allowingLines: true) else {
            throw Problem.invalid(name, "must not contain control characters")
        }
        return text
    }

    public func int64(_ name: String, in range: ClosedRange<Int64> = 0...Int64.max) throws -> Int64? {
        guard let text = values[name] else { return nil }
        guard let value = Int64(text), range.contains(value) else {
            throw Problem.invalid(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    public func bool(_ name: String) throws -> Bool? {
        switch values[name] {
        case nil: nil
        case "true": true
        case "false": false
        default: throw Problem.invalid(name, "must be true or false")
        }
    }

    public func choice<T: RawRepresentable & CaseIterable>(_ name: String, as type: T.Type = T.self) throws -> T?
    where T.RawValue == String {
        guard let text = values[name] else { return nil }
        guard let value = T(rawValue: text) else {
            throw Problem.invalid(name, "must be one of \(T.allCases.map(\.rawValue).joined(separator: ", "))")
        }
        return value
    }

    public func id<T: TypedID>(_ name: String, as type: T.Type = T.self) throws -> T? {
        guard let text = values[name] else { return nil }
        guard let value = T(text) else { throw Problem.invalid(name, "must be a UUID") }
        return value
    }

    /// `?limit=`: 1…`maximum`.
    public func limit(default standard: Int = 50, maximum: Int = 200) throws -> Int {
        Int(try int64("limit", in: 1...Int64(maximum)) ?? Int64(standard))
    }

    /// `?cursor=`; throws 400 `invalid_cursor` for what ``Cursor/encode(_:)`` did not make.
    public func cursor<Position: Codable>(as type: Position.Type = Position.self) throws -> Position? {
        guard let text = values["cursor"] else { return nil }
        return try Cursor.decode(text)
    }
}
