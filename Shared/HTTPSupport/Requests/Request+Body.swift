import Events
public import Foundation
public import Hummingbird
import HTTPTypes
public import NIOCore
import NIOFoundationCompat

extension Request {
    /// Largest body that is read.
    public static var maximumBodySize: Int { 256 * 1024 }

    /// Reads the body as a JSON object (contract, section 2): 413, 415, `invalid_json`, or `invalid_input` naming the field.
    ///
    /// An absent body counts as `{}`; unknown fields are ignored; `null` counts as absent. A malformed `Idempotency-Key` is
    /// refused here too, where its route takes one.
    public func body<T: Decodable>(as type: T.Type = T.self, _ context: AppContext) async throws -> T {
        if let fault = context.keyFault { throw fault }
        let buffer = try await wholeBody()
        guard buffer.readableBytes > 0 else { return try JSONBody.decode(T.self, from: Data("{}".utf8)) }
        if let contentType = headers[.contentType], !Self.isJSON(contentType) {
            throw Problem(.unsupportedMediaType, "The body must be application/json")
        }
        return try JSONBody.decode(T.self, from: Data(buffer: buffer))
    }

    /// Checks the body of a call that has no fields: an object, or none at all.
    public func noFields(_ context: AppContext) async throws { _ = try await body(as: NoFields.self, context) }

    /// The body's bytes; 413 over ``maximumBodySize``.
    public func wholeBody() async throws -> ByteBuffer {
        if let length = headers[.contentLength].flatMap(Int.init), length > Self.maximumBodySize {
            throw Problem(.tooLarge, "A body may have at most \(Self.maximumBodySize) bytes")
        }
        do {
            return try await body.collect(upTo: Self.maximumBodySize)
        } catch is NIOTooManyBytesError {
            throw Problem(.tooLarge, "A body may have at most \(Self.maximumBodySize) bytes")
        }
    }

    private static func isJSON(_ contentType: String) -> Bool {
        let media = contentType.split(separator: ";").first.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard let media else { return true }
        return media == "application/json" || (media.hasPrefix("application/") && media.hasSuffix("+json"))
    }
}

private struct NoFields: Decodable {}

/// Decoding with errors that name the field.
public enum JSONBody {
    public static func decode<T: Decodable>(_ type: T.Type, from data: Data) throws -> T {
        guard data.first(where: { ![0x20, 0x09, 0x0A, 0x0D].contains($0) }) == UInt8(ascii: "{") else {
            throw Problem(.invalidJSON, "The body must be a JSON object")
        }
        // The decoder lets some pass that is no JSON, such as a comma before a closing brace.
        guard JSONObject(Array(data)) != nil else { throw Problem(.invalidJSON, "The body is not valid JSON") }
        do {
            return try JSONDecoder().decode(T.self, from: data)
        } catch let error as DecodingError {
            throw problem(error, data)
        }
    }

    private static func problem(_ error: DecodingError, _ data: Data) -> Problem {
        switch error {
        case .keyNotFound(let key, let context): return .invalid(name(context.codingPath + [key]), "is required")
        case .valueNotFound(_, let context): return .invalid(name(context.codingPath), "is required")
        case .typeMismatch(let type, let context):
            guard !context.codingPath.isEmpty else { return Problem(.invalidJSON, "The body must be a JSON object") }
            return .invalid(name(context.codingPath), "must be \(article(type))")
        case .dataCorrupted(let context):
            guard !context.codingPath.isEmpty else {
                return fractionalField(data).map { .invalid($0, "must be a whole number") }
                    ?? Problem(.invalidJSON, "The body is not valid JSON")
            }
            let reason = context.debugDescription
            return .invalid(
                name(context.codingPath), reason.hasPrefix("must be") ? reason : "has a value that is not known here")
        @unknown default: return Problem(.invalidJSON)
        }
    }

    /// Foundation does not say where it met a fraction instead of a whole number.
    private static func fractionalField(_ data: Data) -> String? {
        (try? JSONDecoder().decode(JSONValue.self, from: data)).flatMap(fraction)
    }

    /// The path to the first number that is not whole.
    private static func fraction(in value: JSONValue) -> String? {
        guard case .object(let fields) = value else { return nil }
        for (name, field) in fields {
            if case .number = field { return name }
            if let inner = fraction(in: field) { return "\(name).\(inner)" }
        }
        return nil
    }

    private static func name(_ path: [any CodingKey]) -> String {
        path.map { $0.intValue.map { "\($0)" } ?? $0.stringValue }.joined(separator: ".")
    }

    private static func article(_ type: Any.Type) -> String {
        switch type {
        case is String.Type: "a string"
        case is Bool.Type: "true or false"
        case is Int.Type, is Int64.Type: "a whole number"
        case is Double.Type: "a number"
        case is [Any].Type: "a list"
        default: "of another type"
        }
    }
}
