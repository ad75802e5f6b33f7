public import HummingbirdCore
import Logging
import NIOCore

extension HTTPServerBuilder {
    /// HTTP/1.1 for a server that may be cancelled at any moment.
    ///
    /// NIO ends the process when a connection was accepted and its server stops before it could look at it: what was to
    /// write to it goes without a goodbye. Here it lasts as long as its connection.
    public static var cancellable: HTTPServerBuilder {
        HTTPServerBuilder { responder in CancellableHTTP1(http1: HTTP1Channel(responder: responder)) }
    }
}

private struct CancellableHTTP1: ServerChildChannel {
    let http1: HTTP1Channel

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        http1.setup(channel: channel, logger: logger).flatMapThrowing { value in
            try channel.pipeline.syncOperations.addHandler(KeepingHandler(value))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async {
        await withTaskExecutorPreference(EventLoopTasks(value.channel.eventLoop)) {
            await http1.handle(value: value, logger: logger)
        }
    }
}

/// Keeps a value until its channel is closed, when there is nothing left to finish.
private final class KeepingHandler: ChannelInboundHandler {
    typealias InboundIn = Any

    private var value: HTTP1Channel.Value?

    init(_ value: HTTP1Channel.Value) { self.value = value }

    func handlerRemoved(context: ChannelHandlerContext) { value = nil }
}
