import Logging
public import ServiceLifecycle

/// Runs services while `body` runs, then stops them as a process is stopped: in good order.
///
/// A server that is cancelled instead drops connections that it has accepted and not yet taken up, and NIO ends the
/// whole process for it ("Deinited NIOAsyncWriter without calling finish()").
public func serving<T: Sendable>(_ services: [any Service], _ body: () async throws -> T) async throws -> T {
    var configuration = ServiceGroupConfiguration(
        services: services.map { .init(service: $0) }, logger: .silent)
    // For handlers that never end.
    configuration.maximumGracefulShutdownDuration = .seconds(2)
    let group = ServiceGroup(configuration: configuration)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let result: Result<T, any Error>
        do { result = .success(try await body()) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        // What is left to say then is that a handler had to be cancelled.
        try? await tasks.waitForAll()
        return try result.get()
    }
}
