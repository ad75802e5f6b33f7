import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import ParlorClient
import TestSupport

/// A service that answers every request with what it saw of it.
enum StandIn {
    /// Runs one for each service, on free ports, while `body` runs.
    static func run(
        _ services: [Gateway.Service], _ body: @Sendable ([Gateway.Service: Int]) async throws -> Void
    ) async throws {
        let (started, begin) = AsyncStream<(Gateway.Service, Int)>.makeStream()
        let applications = services.map { service in
            Application(
                responder: CallbackResponder { (request: Request, _: BasicRequestContext) in
                    try await answer(request, as: service)
                },
                configuration: ApplicationConfiguration(address: .hostname("127.0.0.1", port: 0)),
                onServerRunning: { begin.yield((service, $0.localAddress?.port ?? 0)) }, logger: .silent)
        }
        try await serving(applications) {
            var ports: [Gateway.Service: Int] = [:]
            var starts = started.makeAsyncIterator()
            while ports.count < services.count, let (service, port) = await starts.next() { ports[service] = port }
            try await body(ports)
        }
    }

    private static func answer(_ request: Request, as service: Gateway.Service) async throws -> Response {
        let body = try await request.body.collect(upTo: 1 << 20)
        var headers: [String: JSONValue] = [:]
        for field in request.headers { headers[field.name.canonicalName] = .string(field.value) }
        let seen: JSONValue = [
            "service": .string(service.rawValue), "target": .string(request.uri.string),
            "method": .string(request.method.rawValue), "headers": .object(headers),
            "bodyBytes": .integer(body.readableBytes),
        ]
        return Response(
            status: .ok, headers: [.contentType: "application/json"],
            body: .init(byteBuffer: ByteBuffer(bytes: seen.bytes)))
    }
}
