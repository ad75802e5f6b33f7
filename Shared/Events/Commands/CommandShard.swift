import Foundation
public import Identifiers

/// Which command queue a room's messages take, so that one consumer at a time sees them in order.
public enum CommandShard {
    public static let exchange = "parlor.commands"
    public static let count = 8

    /// FNV-1a over the 16 bytes of the room's id, modulo ``count``: the same on every node and version.
    public static func shard(of room: RoomID) -> Int {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        withUnsafeBytes(of: room.uuid.uuid) { bytes in
            for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        }
        return Int(hash % UInt64(count))
    }

    public static func queue(_ shard: Int) -> String { "message.commands.\(shard)" }
}
