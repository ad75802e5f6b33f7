import Logging
import Postgres
import TestSupport

/// Lends a pool to a fresh database of the shared server.
func withPool<T>(
    configure: (inout PGConfiguration) -> Void = { _ in }, _ body: (PGPool) async throws -> T
) async throws -> T {
    try await PostgresServer.withDatabase { url in
        try await withPool(url, configure: configure, body)
    }
}

/// Lends a pool to the database at `url`.
func withPool<T>(
    _ url: String, configure: (inout PGConfiguration) -> Void = { _ in }, _ body: (PGPool) async throws -> T
) async throws -> T {
    var configuration = PGConfiguration(url: url)
    // Patient where a test does not say otherwise: the machine may be busy with other tests.
    configuration.acquireTimeout = .seconds(120)
    configuration.statementTimeout = .seconds(120)
    configuration.answerGrace = .seconds(60)
    configure(&configuration)
    let pool = PGPool(configuration, logger: .silent)
    do {
        let value = try await body(pool)
        await pool.close()
        return value
    } catch {
        await pool.close()
        throw error
    }
}

/// The error that `body` throws, when it is one of the driver's.
func pgError<T>(_ body: () async throws -> T) async -> PGError? {
    do {
        _ = try await body()
        return nil
    } catch {
        return error as? PGError
    }
}
