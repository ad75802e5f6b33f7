/// How much a transaction sees of its neighbours. `repeatableRead` and `serializable` may fail with a serialization
/// failure and want `retries`.
public enum PGIsolation: Sendable {
    case readCommitted, repeatableRead, serializable

    var begin: PGQuery {
        switch self {
        case .readCommitted: "BEGIN"
        case .repeatableRead: "BEGIN ISOLATION LEVEL REPEATABLE READ"
        case .serializable: "BEGIN ISOLATION LEVEL SERIALIZABLE"
        }
    }
}
