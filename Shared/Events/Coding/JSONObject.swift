/// A JSON object in the form it came, its fields found in one pass.
///
/// The whole text is checked against RFC 8259 (as UTF-8, at most ``deepest`` levels), but only what is asked for is
/// read: an opaque value passes through as the bytes it was.
public struct JSONObject: Sendable {
    public enum Kind: Sendable, Equatable { case string, number, bool, null, object, array }

    public struct Value: Sendable, Equatable {
        public var kind: Kind
        public var range: Range<Int>
    }

    /// Levels of nesting beyond which a text is refused.
    public static let deepest = 64

    public let bytes: [UInt8]
    private let fields: [(name: String, value: Value)]

    /// `nil` where the text is no JSON, or no object.
    public init?(_ bytes: [UInt8]) {
        guard String(validating: bytes, as: UTF8.self) != nil else { return nil }
        var scanner = JSONScanner(bytes)
        guard let fields = scanner.document() else { return nil }
        self.bytes = bytes
        self.fields = fields
    }

    /// The last field of the name; `null` counts as absent.
    public subscript(name: String) -> Value? {
        guard let value = fields.last(where: { $0.name == name })?.value, value.kind != .null else { return nil }
        return value
    }

    public func raw(_ value: Value) -> ArraySlice<UInt8> { bytes[value.range] }

    /// The values of an array.
    public func elements(_ value: Value) -> [Value]? {
        guard value.kind == .array else { return nil }
        return JSONScanner.elements(of: bytes, from: value.range.lowerBound)
    }

    /// `nil` for another kind, and for a text with a lone surrogate, which no Unicode scalar stands for.
    public func string(_ value: Value) -> String? {
        guard value.kind == .string else { return nil }
        return JSONScanner.unescaped(bytes[value.range.dropFirst().dropLast()])
    }

    public func bool(_ value: Value) -> Bool? {
        guard value.kind == .bool else { return nil }
        return bytes[value.range.lowerBound] == UInt8(ascii: "t")
    }

    /// A whole number, also in the spelling `5.0` or `1e3`.
    public func integer(_ value: Value) -> Int64? {
        guard value.kind == .number else { return nil }
        let text = String(decoding: raw(value), as: UTF8.self)
        if let number = Int64(text) { return number }
        guard let number = Double(text), number == number.rounded(), abs(number) < 9e15 else { return nil }
        return Int64(number)
    }
}
