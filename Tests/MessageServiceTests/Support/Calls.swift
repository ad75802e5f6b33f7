import AsyncHTTPClient
import Events
import Foundation
import Identifiers
import NIOCore
import NIOFoundationCompat
import NIOHTTP1
import TestSupport
import Testing

/// An answer as a client sees it.
struct Answer: Sendable {
    var status: Int
    var json: JSONValue
    var headers: [String: String]

    var code: String? { json["code"]?.string }
    var items: [JSONValue] { json["items"]?.array ?? [] }
    var seqs: [Int64] { items.compactMap { $0["seq"]?.integer } }
}

extension JSONValue {
    subscript(_ field: String) -> JSONValue? {
        if case .object(let fields) = self { fields[field] } else { nil }
    }

    var string: String? { if case .string(let value) = self { value } else { nil } }
    var integer: Int64? { if case .integer(let value) = self { value } else { nil } }
    var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    var isNull: Bool { self == .null }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByDictionaryLiteral {
    init(stringLiteral value: String) { self = .string(value) }
    init(integerLiteral value: Int64) { self = .integer(value) }
    init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(Dictionary(elements, uniquingKeysWith: { _, last in last }))
    }
}

extension Instance {
    /// Calls as a user.
    func call(
        _ user: UserID, _ method: String, _ path: String, _ body: JSONValue? = nil, headers: [String: String] = [:]
    ) async throws -> Answer {
        var all = ["X-Gateway-Secret": Self.gatewaySecret, "X-User-Id": user.description, "X-User-Name": "Somebody"]
        all.merge(headers) { _, new in new }
        return try await request(method, path, body, headers: all)
    }

    /// Calls as another service.
    func ask(_ method: String, _ path: String, _ body: JSONValue? = nil) async throws -> Answer {
        try await request(method, path, body, headers: ["Authorization": "Bearer \(Self.internalToken)"])
    }

    func send(_ user: UserID, _ room: RoomRef, _ content: String) async throws -> Answer {
        try await call(user, "POST", "/rooms/\(room.code)/messages", ["content": .string(content)])
    }

    func timeline(_ user: UserID, _ room: RoomRef, after: Int64 = 0, limit: Int = 1000) async throws -> Answer {
        try await call(user, "GET", "/rooms/\(room.code)/timeline?after=\(after)&limit=\(limit)")
    }

    private func request(
        _ method: String, _ path: String, _ body: JSONValue?, headers: [String: String]
    ) async throws -> Answer {
        var request = HTTPClientRequest(url: "http://127.0.0.1:\(port)\(path)")
        request.method = .init(rawValue: method)
        for (name, value) in headers { request.headers.add(name: name, value: value) }
        if let body {
            request.headers.add(name: "Content-Type", value: "application/json")
            request.body = .bytes(try WireJSON.encode(body))
        }
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(60))
        let bytes = try await response.body.collect(upTo: 64 << 20)
        let faults = try OpenAPIDocument.shared.faults(
            in: .init(
                method, path, request: try body.map { try WireJSON.encode($0) }, status: Int(response.status.code),
                contentType: response.headers.first(name: "Content-Type"), answer: Array(bytes.readableBytesView)))
        #expect(faults.isEmpty, "\(method) \(path): the answer is not as documented")
        let json = bytes.readableBytes > 0 ? try WireJSON.decode(JSONValue.self, from: bytes.readableBytesView) : .null
        return Answer(
            status: Int(response.status.code), json: json,
            headers: Dictionary(
                response.headers.map { ($0.name.lowercased(), $0.value) }, uniquingKeysWith: { first, _ in first }))
    }
}
