import Events
import Postgres

// Stored as their wire names.
extension RoomKind: PGCodable {}
extension RoomType: PGCodable {}
extension MemberRole: PGCodable {}
extension EndReason: PGCodable {}
extension InvitationStatus: PGCodable {}
extension DeliveryStatus: PGCodable {}
