public import AMQP

/// A durable queue that a service lives by, as its consumer and those who publish for it declare it alike.
///
/// A publisher that comes first thus finds the queue there, also where another queue takes the event too and the broker
/// would not give it back.
public struct WorkQueue: Sendable, Equatable {
    public let name: String
    public let bindings: [String]

    public init(_ name: String, bindings: [String]) {
        self.name = name
        self.bindings = bindings
    }

    public var topology: AMQPTopology { EventTopology.workQueue(name, bindings: bindings) }
}

extension WorkQueue {
    /// What the notification worker makes notifications and mails of.
    public static let notifications = WorkQueue(
        "notifications",
        bindings: [
            "invitation.created.*", "invitation.accepted.*", "invitation.declined.*", "room.member_banned.*",
        ])

    /// What the room service learns from others: how invitations fared, and what moderators did to messages. Its own
    /// events come round too.
    public static let rooms = WorkQueue(
        "rooms.events",
        bindings: [
            "invitation.delivery_changed.*", "message.deleted.*", "message.reactions_cleared.*", "room.created.*",
            "room.updated.*", "room.ended.*", "room.member_updated.*",
        ])

    /// What the message service makes entries of. One binding for each kind of fact: presence shares the aggregate
    /// `room` and is far more frequent.
    public static let facts = WorkQueue(
        "message.facts",
        bindings: [
            "room.member_joined.*", "room.member_left.*", "room.member_updated.*", "room.member_banned.*",
            "room.updated.*", "room.ended.*", "session.started.*", "session.ended.*", "session.track_started.*",
        ])
}
