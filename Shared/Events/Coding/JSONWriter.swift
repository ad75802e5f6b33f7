public import Foundation
public import Identifiers

/// Writes JSON text straight into bytes, for the few objects that are made by the thousand each second.
///
/// Field names and punctuation are the caller's; what this type guarantees is that every value is escaped rightly.
public struct JSONWriter {
    /// What is written so far.
    public var bytes: [UInt8] = []

    public init(reserving capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// Appends JSON as it is.
    public mutating func raw(_ text: StaticString) {
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Appends bytes that are JSON already.
    @inlinable public mutating func splice(_ json: some Sequence<UInt8>) { bytes.append(contentsOf: json) }

    public mutating func string(_ text: String) {
        bytes.append(Self.quote)
        var text = text
        text.withUTF8 { utf8 in
            var start = 0
            for (position, byte) in utf8.enumerated() where byte < 0x20 || byte == Self.quote || byte == Self.backslash
            {
                bytes.append(contentsOf: utf8[start..<position])
                escape(byte)
                start = position + 1
            }
            bytes.append(contentsOf: utf8[start...])
        }
        bytes.append(Self.quote)
    }

    public mutating func string(_ text: String?) {
        if let text { string(text) } else { null() }
    }

    public mutating func null() { raw("null") }

    public mutating func bool(_ value: Bool) { value ? raw("true") : raw("false") }

    @inlinable public mutating func integer(_ value: some BinaryInteger) {
        bytes.append(contentsOf: String(value).utf8)
    }

    public mutating func id(_ id: some TypedID) { uuid(id.uuid) }

    public mutating func id(_ id: (some TypedID)?) {
        if let id { uuid(id.uuid) } else { null() }
    }

    public mutating func time(_ time: Timestamp?) {
        guard let time else { return null() }
        bytes.append(Self.quote)
        bytes.append(contentsOf: time.rfc3339)
        bytes.append(Self.quote)
    }

    public mutating func uuid(_ uuid: UUID) {
        bytes.append(Self.quote)
        withUnsafeBytes(of: uuid.uuid) { raw in
            for (position, byte) in raw.enumerated() {
                if position == 4 || position == 6 || position == 8 || position == 10 { bytes.append(UInt8(ascii: "-")) }
                bytes.append(Self.hexDigit(byte >> 4))
                bytes.append(Self.hexDigit(byte & 15))
            }
        }
        bytes.append(Self.quote)
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(Self.backslash)
        switch byte {
        case Self.quote, Self.backslash: bytes.append(byte)
        case UInt8(ascii: "\n"): bytes.append(UInt8(ascii: "n"))
        case UInt8(ascii: "\t"): bytes.append(UInt8(ascii: "t"))
        case UInt8(ascii: "\r"): bytes.append(UInt8(ascii: "r"))
        default:
            raw("u00")
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        }
    }

    private static let quote = UInt8(ascii: "\"")
    private static let backslash = UInt8(ascii: "\\")

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
    }
}
