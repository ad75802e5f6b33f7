import Hummingbird
import HTTPTypes
import NIOCore

/// A first answer, kept for its replays.
struct StoredAnswer: Sendable {
    /// What belongs to the answer itself and not to the exchange that carried it.
    private static let kept: [HTTPField.Name] = [.contentType, .location, .eTag]

    var status: Int
    var headers: [String: String]
    var body: [UInt8]

    init(status: Int, headers: [String: String], body: [UInt8]) {
        self.status = status
        self.headers = headers
        self.body = body
    }

    init(status: Int, headers: HTTPFields, body: ByteBuffer) {
        self.status = status
        self.headers = Dictionary(
            uniqueKeysWithValues: Self.kept.compactMap { name in headers[name].map { (name.canonicalName, $0) } })
        self.body = Array(body.readableBytesView)
    }

    var response: Response {
        var fields: HTTPFields = [.idempotentReplayed: "true", .contentLength: String(body.count)]
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        return Response(
            status: .init(code: status), headers: fields, body: .init(byteBuffer: ByteBuffer(bytes: body)))
    }
}
