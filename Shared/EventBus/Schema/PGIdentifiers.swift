internal import Foundation
public import Identifiers
public import Postgres

// Typed ids and times as parameters and columns.

extension TypedID where Self: PGEncodable & PGDecodable {
    public static var pgType: PGType { UUID.pgType }
    public func encode(into buffer: inout PGBuffer) { uuid.encode(into: &buffer) }
    public init(pg value: borrowing PGValue) throws { self.init(try UUID(pg: value)) }
}

extension UserID: PGCodable {}
extension RoomID: PGCodable {}
extension MessageID: PGCodable {}
extension InvitationID: PGCodable {}
extension NotificationID: PGCodable {}
extension ReportID: PGCodable {}
extension SessionID: PGCodable {}
extension QueueItemID: PGCodable {}
extension EventID: PGCodable {}
extension ConnectionID: PGCodable {}

/// `timestamptz`, in whole milliseconds.
extension Timestamp: PGCodable {
    public static var pgType: PGType { Date.pgType }
    public func encode(into buffer: inout PGBuffer) { date.encode(into: &buffer) }
    public init(pg value: borrowing PGValue) throws { self.init(try Date(pg: value)) }
}

/// `text`.
extension RoomCode: PGCodable {
    public static var pgType: PGType { String.pgType }
    public func encode(into buffer: inout PGBuffer) { description.encode(into: &buffer) }

    public init(pg value: borrowing PGValue) throws {
        let text = try String(pg: value)
        guard let code = RoomCode(text) else { throw PGError(.decoding, "not a room code") }
        self = code
    }
}
