import NIOCore

/// Put before a socket's decoder when the socket was closed: what a client then still sends is dropped without being
/// taken apart, so that a flood costs the others nothing. The first bytes pass, for the client's own close.
final class LateBytesHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private var allowance = 16 * 1024

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        allowance -= unwrapInboundIn(data).readableBytes
        if allowance >= 0 { context.fireChannelRead(data) }
    }
}
