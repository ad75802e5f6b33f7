internal import Synchronization

/// The waits for some of a reactor's descriptors.
final class ReactorShard: Sendable {
    typealias Table = WaitTable<ReactorLoop.Continuation>

    let waits = Mutex(Table())
}
