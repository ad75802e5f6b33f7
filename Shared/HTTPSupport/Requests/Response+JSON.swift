import Events
import Foundation
public import HTTPTypes
public import Hummingbird
public import Identifiers
import NIOCore

extension Response {
    /// A JSON answer (camelCase, as ``WireJSON`` writes it).
    public static func json(
        _ value: some Encodable, status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]
    ) throws -> Response {
        json(bytes: try WireJSON.encode(value), status: status, headers: headers)
    }

    /// A JSON answer that is encoded already.
    public static func json(bytes: [UInt8], status: HTTPResponse.Status = .ok, headers: HTTPFields = [:]) -> Response {
        var headers = headers
        if headers[.contentType] == nil { headers[.contentType] = "application/json; charset=utf-8" }
        headers[.contentLength] = String(bytes.count)
        return Response(status: status, headers: headers, body: .init(byteBuffer: ByteBuffer(bytes: bytes)))
    }

    public static var noContent: Response { Response(status: .noContent) }
}

extension AppContext {
    /// The room a path names; 404 `room_not_found` for what is neither code nor UUID.
    public func roomReference(_ parameter: String = "room") throws -> RoomReference {
        guard let reference = pathParameter(parameter).flatMap(RoomReference.init) else {
            throw Problem(.roomNotFound)
        }
        return reference
    }

    /// A segment of the path, its percent-encoding undone; `nil` where that is none.
    private func pathParameter(_ name: String) -> String? { parameters.get(name)?.removingPercentEncoding }

    /// An id in a path; 404 with the given code for what is not a UUID.
    public func id<T: LosslessStringConvertible>(
        _ parameter: String, as type: T.Type = T.self, orElse code: ErrorCode
    ) throws -> T {
        guard let id = pathParameter(parameter).flatMap(T.init) else { throw Problem(code) }
        return id
    }
}
