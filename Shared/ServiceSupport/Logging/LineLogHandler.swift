import Foundation
import Identifiers
public import Logging

/// Writes one line an event to standard output: a JSON object, or text for people.
///
/// Truth values and whole numbers are JSON's own where they are logged as such (`.stringConvertible`); all else is text.
/// Each line carries the service, and what ``RequestScope`` knows of the request that caused it.
public struct LineLogHandler: LogHandler {
    public var metadata: Logger.Metadata = [:]
    public var metadataProvider: Logger.MetadataProvider?
    public var logLevel: Logger.Level

    private let service: String
    private let format: CommonSettings.LogFormat
    private let writer: LineWriter

    public init(
        service: String, level: Logger.Level, format: CommonSettings.LogFormat,
        writer: LineWriter = .standardOutput
    ) {
        self.service = service
        self.logLevel = level
        self.format = format
        self.writer = writer
    }

    public subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    public func log(event: LogEvent) {
        var fields: [(String, Logger.Metadata.Value)] = []
        if let scope = RequestScope.current {
            fields.append((LogKeys.requestID, .string(scope.requestID)))
            if let userID = scope.userID { fields.append((LogKeys.userID, .string(userID))) }
        }
        var merged = metadata
        if let extra = event.metadata { merged.merge(extra) { _, new in new } }
        merged["hb.request.id"] = nil
        for (key, value) in merged.sorted(by: { $0.key < $1.key }) {
            fields.removeAll { $0.0 == key }
            fields.append((key, value))
        }
        if let error = event.error { fields.append((LogKeys.error, .string(String(reflecting: error)))) }
        let line =
            switch format {
            case .json: json(event.level, "\(event.message)", fields)
            case .text: text(event.level, "\(event.message)", fields)
            }
        writer.write(line, hurried: event.level >= .warning)
    }

    private func json(_ level: Logger.Level, _ message: String, _ fields: [(String, Logger.Metadata.Value)]) -> [UInt8]
    {
        var line = JSONLine()
        line.append("time", Timestamp.now().description)
        line.append("level", level.rawValue)
        line.append("service", service)
        line.append("message", message)
        for (key, value) in fields {
            if case .stringConvertible(let value) = value, value is Bool || value is any BinaryInteger {
                line.append(key, bare: "\(value)")
            } else {
                line.append(key, "\(value)")
            }
        }
        return line.finish()
    }

    private func text(_ level: Logger.Level, _ message: String, _ fields: [(String, Logger.Metadata.Value)]) -> [UInt8]
    {
        let suffix = fields.map { " \($0.0)=\($0.1)" }.joined()
        let line = "\(Timestamp.now()) \(level.rawValue.uppercased()) \(service): \(message)\(suffix)"
        return Array(line.replacingOccurrences(of: "\n", with: "\\n").utf8) + [UInt8(ascii: "\n")]
    }
}

/// Builds a flat JSON object.
private struct JSONLine {
    private var bytes: [UInt8] = [UInt8(ascii: "{")]

    mutating func append(_ key: String, _ value: String) {
        appendKey(key)
        appendString(value)
    }

    /// - Parameter value: JSON as it is.
    mutating func append(_ key: String, bare value: String) {
        appendKey(key)
        bytes.append(contentsOf: value.utf8)
    }

    mutating func finish() -> [UInt8] {
        bytes.append(UInt8(ascii: "}"))
        bytes.append(UInt8(ascii: "\n"))
        return bytes
    }

    private mutating func appendKey(_ key: String) {
        if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
        appendString(key)
        bytes.append(UInt8(ascii: ":"))
    }

    private mutating func appendString(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                bytes.append(UInt8(ascii: "\\"))
                bytes.append(byte)
            case 0..<0x20:
                let hex = Array("0123456789abcdef".utf8)
                bytes.append(contentsOf: Array("\\u00".utf8) + [hex[Int(byte >> 4)], hex[Int(byte & 15)]])
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
