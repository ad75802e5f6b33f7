public import Logging

/// The one place where work may outlive the task that asked for it: always named, always with a deadline.
public enum Background {
    /// Starts `work` and returns at once. After `deadline` it is cancelled; what it throws is logged under `name`.
    ///
    /// The request's scope goes along.
    @discardableResult
    public static func run(
        _ name: String, deadline: Duration, logger: Logger, _ work: @escaping @Sendable () async throws -> Void
    ) -> Task<Void, Never> {
        DeadlineWatch.shared.start(deadline) { isLate in
            var failure: (any Error)?
            do { try await work() } catch { failure = error }
            if isLate() {
                logger.error("failed: \(name)", metadata: [LogKeys.error: "it took longer than \(deadline)"])
            } else if failure is CancellationError {
                logger.debug("cancelled: \(name)")
            } else if let failure {
                logger.error("failed: \(name)", metadata: [LogKeys.error: "\(String(reflecting: failure))"])
            }
        }
    }

    /// Starts work that several wait for, whoever of them is cancelled. After `deadline` it is cancelled itself.
    public static func share<T: Sendable>(
        deadline: Duration, _ work: @escaping @Sendable () async throws -> T
    ) -> Task<Result<T, any Error>, Never> {
        DeadlineWatch.shared.start(deadline) { _ in
            do { return .success(try await work()) } catch { return .failure(error) }
        }
    }
}

/// Thrown by ``withDeadline(_:_:)`` when the work took too long.
public struct DeadlineExceeded: Error, Equatable {
    public init() {}
}

/// Runs `work`, cancels it after `deadline` and then throws ``DeadlineExceeded``; the work must heed cancellation.
@concurrent
public func withDeadline<T: Sendable>(
    _ deadline: Duration, _ work: @escaping @Sendable () async throws -> T
) async throws -> T {
    try await withThrowingTaskGroup(of: T.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: deadline)
            throw DeadlineExceeded()
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw CancellationError() }
        return first
    }
}
