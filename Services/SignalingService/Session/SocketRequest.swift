import Foundation
import Identifiers
import NIOHTTP1

/// What a client asked for when it opened its socket.
struct SocketRequest: Sendable {
    enum Target: Sendable, Equatable {
        case room(RoomReference)
        case status
        /// A path that names no room.
        case unknown
    }

    /// Where the live stream is to go on.
    enum Resume: Sendable, Equatable {
        case none
        case after(Int64)
        /// `?after=` with something that is no position: nothing can be recovered from it.
        case unreadable
    }

    var target: Target
    var token: String?
    var resume: Resume
    var requestID: String
    var traceparent: String?
    var origin: String?
    /// The headers that an authenticating gateway sets, by name.
    var gateway: [String: String]

    init(_ head: HTTPRequestHead, requestID: String) {
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        let query = parts.count == 2 ? Self.query(parts[1]) : [:]
        target = Self.target(String(parts[0]))
        token = Self.bearer(head.headers) ?? Self.offeredToken(head.headers) ?? query["token"]
        resume = Self.resume(query["after"])
        self.requestID = requestID
        traceparent = head.headers.first(name: "traceparent")
        origin = head.headers.first(name: "origin")
        gateway = [:]
        for name in ["X-Gateway-Secret", "X-User-Id", "X-User-Email", "X-User-Name", "X-User-Role", "X-User-Plan"] {
            gateway[name] = head.headers.first(name: name)
        }
    }

    static func resume(_ text: String?) -> Resume {
        guard let text else { return .none }
        guard let seq = Int64(text), seq >= 0 else { return .unreadable }
        return .after(seq)
    }

    static func target(_ path: String) -> Target {
        var segments = path.split(separator: "/").map(String.init)
        guard segments.first == "ws" else { return .unknown }
        segments.removeFirst()
        if segments == ["status"] { return .status }
        if segments.count == 2, segments[0] == "chat" { segments.removeFirst() }
        guard segments.count == 1 else { return .unknown }
        return RoomReference(segments[0]).map { .room($0) } ?? .unknown
    }

    /// The subprotocol to answer with: browsers drop a socket whose offers were all passed over.
    static func subprotocol(_ headers: HTTPHeaders) -> String? {
        let offers = offers(headers)
        if offers.contains("parlor.v1") { return "parlor.v1" }
        return offers.first == "bearer" ? "bearer" : nil
    }

    private static func bearer(_ headers: HTTPHeaders) -> String? {
        guard let value = headers.first(name: "authorization") else { return nil }
        let parts = value.split(separator: " ", maxSplits: 1)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        return parts[1].trimmingCharacters(in: .whitespaces)
    }

    /// Of the pair `bearer, <token>` among the offered subprotocols.
    private static func offeredToken(_ headers: HTTPHeaders) -> String? {
        let offers = offers(headers)
        guard let mark = offers.firstIndex(of: "bearer"), mark + 1 < offers.count else { return nil }
        return offers[mark + 1]
    }

    private static func offers(_ headers: HTTPHeaders) -> [String] {
        headers[canonicalForm: "sec-websocket-protocol"].map(String.init)
    }

    private static func query(_ text: Substring) -> [String: String] {
        var values: [String: String] = [:]
        for pair in text.split(separator: "&") {
            let parts = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2 else { continue }
            values[String(parts[0])] = parts[1].removingPercentEncoding ?? String(parts[1])
        }
        return values
    }
}
