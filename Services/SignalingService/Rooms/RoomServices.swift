import Events
import Foundation
import HTTPSupport
import Identifiers
import Logging

/// What every room of a node works with.
struct RoomServices: Sendable {
    let node: String
    let limits: SocketLimits
    let seats: SeatStore
    let rooms: RoomDirectory
    let timeline: TimelineReader
    let commands: CommandGateway
    let relay: LiveRelay
    let leases: LeaseWatch
    let limiter: RateLimiter
    let messageLimit: RateLimit
    let metrics: SignalingMetrics
    let logger: Logger
    /// Whether every event that rooms do not know to have missed comes in.
    let isHearing: @Sendable () -> Bool
}
