private import AsyncHTTPClient
private import Foundation
internal import Identifiers
private import NIOCore
private import NIOHTTP1
private import Synchronization

/// Posts to one webhook receiver: signed, without following redirects, to public addresses only unless allowed.
final class WebhookSender: Sendable {
    /// Why a receiver did not take it; never with anything of the body.
    struct Refused: Error, CustomStringConvertible {
        let description: String
    }

    private let url: String
    let host: String
    private let signature: WebhookSignature
    private let allowPrivate: Bool
    private let deadline: Duration
    private let resolver: NameResolver
    private let client = Mutex<(address: String, client: HTTPClient)?>(nil)

    /// - Parameter deadline: for looking up the name, and again for the post itself, to the answer's head.
    init?(
        url: String, secret: String, allowPrivate: Bool, deadline: Duration = .seconds(10),
        resolver: NameResolver = NameResolver()
    ) {
        guard let parts = URLComponents(string: url), parts.scheme == "http" || parts.scheme == "https",
            let host = parts.host, !host.isEmpty, parts.user == nil
        else { return nil }
        self.url = url
        self.host = host.hasPrefix("[") ? String(host.dropFirst().dropLast()) : host
        signature = WebhookSignature(secret: secret)
        self.allowPrivate = allowPrivate
        self.deadline = deadline
        self.resolver = resolver
    }

    func post(_ delivery: WebhookDelivery) async throws {
        let address: String
        do {
            address = try await WebhookAddress.resolve(
                host, allowPrivate: allowPrivate, by: resolver, within: deadline)
        } catch {
            switch error {
            case .privateAddress: throw Refused(description: "the address is not public")
            case .slow: throw Refused(description: "the name was not resolved in time")
            case .unresolvable: throw Refused(description: "the name cannot be resolved")
            }
        }
        var request = HTTPClientRequest(url: url)
        request.method = .POST
        request.headers.add(name: "Content-Type", value: "application/json")
        request.headers.add(name: "User-Agent", value: "Parlor-Webhook/1")
        request.headers.add(name: "X-Parlor-Event-Id", value: delivery.eventID.uuidString.lowercased())
        for (name, value) in signature.headers(body: Array(delivery.body.utf8), at: .now()) {
            request.headers.add(name: name, value: value)
        }
        request.body = .bytes(ByteBuffer(string: delivery.body))
        let response: HTTPClientResponse
        do {
            response = try await client(for: address).execute(
                request, timeout: .nanoseconds(Int64(deadline.seconds * 1e9)))
        } catch let error as HTTPClientError {
            throw Refused(description: error.shortDescription)
        }
        guard 200..<300 ~= response.status.code else {
            throw Refused(description: "status \(response.status.code)")
        }
    }

    /// A client that connects to the address just judged, whatever the name resolves to by then.
    private func client(for address: String) async -> HTTPClient {
        let (client, old) = client.withLock { current -> (HTTPClient, HTTPClient?) in
            if let current, current.address == address { return (current.client, nil) }
            var configuration = HTTPClient.Configuration(
                redirectConfiguration: .disallow, timeout: .init(connect: .seconds(3), read: .seconds(10)))
            configuration.dnsOverride = [host: address]
            configuration.connectionPool.concurrentHTTP1ConnectionsPerHostSoftLimit = 4
            let old = current?.client
            let client = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
            current = (address, client)
            return (client, old)
        }
        try? await old?.shutdown()
        return client
    }

    func close() async {
        let last = client.withLock { current in
            defer { current = nil }
            return current?.client
        }
        try? await last?.shutdown()
        resolver.close()
    }
}
