import Auth
import Foundation
import HTTPSupport
import ServiceSupport

/// Everything the environment says to this service.
struct SignalingSettings: Sendable {
    var common: CommonSettings
    var auth: AuthSettings
    var limits: SocketLimits
    var joinLimit: RateLimit
    var messageLimit: RateLimit
    /// From SIGTERM until the last socket is closed.
    var drain: Duration
    /// Where this node listens, as the other nodes know it: one process at a time can be there.
    var place: String

    init(_ settings: Settings) throws {
        common = CommonSettings(settings, defaultPort: 8083)
        auth = AuthSettings(settings)
        limits = SocketLimits()
        limits.frames = .init(
            perSecond: settings.double("FRAME_RATE", default: 50, in: 0.001...1e6),
            burst: settings.double("FRAME_BURST", default: 200, in: 1...1e6))
        messageLimit = .messages(settings)
        limits.messages = .init(perSecond: messageLimit.perSecond, burst: Double(messageLimit.burst))
        limits.pingSeconds = UInt32(settings.int("PING_SECONDS", default: 25, in: 1...3600))
        joinLimit = RateLimit(
            name: "join-socket", perSecond: settings.double("JOIN_RATE", default: 5, in: 0.001...1e6),
            burst: settings.int("JOIN_BURST", default: 20, in: 1...1_000_000))
        drain = settings.duration("DRAIN_SECONDS", default: .seconds(20), unit: .seconds(1), in: 0...3600)
        let host = settings.string("NODE_NAME", default: ProcessInfo.processInfo.hostName)
        place = "\(host):\(common.httpPort == 0 ? Int.random(in: 100_000...999_999) : common.httpPort)"
        try settings.finish()
    }
}
