/// The deadline of a wait passed before what it waited for happened.
public struct DeadlineExceeded: Error, Equatable {
    public init() {}
}

/// A wait that could not be made, or was given up by the reactor's owner.
public enum ReactorError: Error, Equatable {
    /// `shutdown()` was called before or during the wait.
    case shutDown
    /// The kernel does not watch this descriptor; the associated value is its `errno`.
    case notWatchable(errno: Int32)
}
