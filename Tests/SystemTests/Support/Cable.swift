import Foundation
import NIOCore
import NIOPosix

/// A cable to a server that can be pulled: nothing passes then in either direction, and nobody is told, by no FIN and
/// no reset. Once it is plugged in again, what was on its way arrives.
final class Cable: Sendable {
    /// The address that leads through the cable.
    let url: String
    private let listener: any Channel
    private let joint: NIOLoopBound<CableJoint>

    /// - Parameter port: of the server on this machine.
    init(to port: Int) async throws {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let joint = try await loop.submit { NIOLoopBound(CableJoint(), eventLoop: loop) }.get()
        listener = try await ServerBootstrap(group: loop)
            .childChannelOption(.autoRead, value: false)
            .childChannelInitializer { near in
                ClientBootstrap(group: loop).channelOption(.autoRead, value: false)
                    .connect(host: "127.0.0.1", port: port)
                    .flatMapThrowing { far in try joint.value.connect(near, far) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.joint = joint
        url = "http://127.0.0.1:\(listener.localAddress?.port ?? 0)"
    }

    func pull() async throws { try await listener.eventLoop.submit { self.joint.value.isPulled = true }.get() }

    func plugIn() async throws { try await listener.eventLoop.submit { self.joint.value.plugIn() }.get() }

    func remove() async { try? await listener.close() }
}

/// Where the ends meet. Used on one event loop only.
final class CableJoint {
    var isPulled = false
    private var ends: [CableEnd] = []

    func connect(_ near: any Channel, _ far: any Channel) throws {
        let pair = (CableEnd(self, toward: far), CableEnd(self, toward: near))
        try near.pipeline.syncOperations.addHandler(pair.0)
        try far.pipeline.syncOperations.addHandler(pair.1)
        ends += [pair.0, pair.1]
        for channel in [near, far] { try channel.syncOptions?.setOption(.autoRead, value: true) }
    }

    func plugIn() {
        isPulled = false
        for end in ends { end.pass() }
    }
}

final class CableEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let joint: CableJoint
    private let other: any Channel
    private var waiting: [ByteBuffer] = []
    private var hasEnded = false

    init(_ joint: CableJoint, toward other: any Channel) {
        self.joint = joint
        self.other = other
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        waiting.append(unwrapInboundIn(data))
        pass()
    }

    func channelInactive(context: ChannelHandlerContext) {
        hasEnded = true
        pass()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    /// Hands on what came, and the end after it.
    func pass() {
        guard !joint.isPulled else { return }
        for buffer in waiting { other.writeAndFlush(buffer, promise: nil) }
        waiting = []
        if hasEnded { other.close(promise: nil) }
    }
}
