import Postgres
import Testing
import TestSupport

/// `DATABASE_URL` with `sslmode=verify-full`, as libpq has it.
@Suite struct TLSTests {
    @Test func theServerIsReachedOverTLSByWhoTrustsItAndByNobodyElse() async throws {
        let server = try await PostgresServer.start(isSecured: true)
        func url(_ host: String, _ options: String) -> String {
            "postgresql://postgres@\(host):\(server.port)/postgres?\(options)"
        }
        let trust = "sslrootcert=\(server.authorities)"
        try await withPool(url("localhost", "sslmode=verify-full&\(trust)")) { pool in
            let row = try await pool.query("SELECT version FROM pg_stat_ssl WHERE pid = pg_backend_pid()")[0]
            #expect(try row.get(0, as: String.self).hasPrefix("TLS"))
        }
        let refused = [
            // In the clear, without a known authority, under another name than the certificate's.
            url("localhost", "sslmode=disable"), url("localhost", "sslmode=verify-full&sslrootcert=/nowhere.pem"),
            url("127.0.0.1", "sslmode=verify-full&\(trust)"),
        ]
        for url in refused {
            let error = await pgError {
                try await withPool(url) {
                    $0.acquireTimeout = .seconds(3)
                } _: { pool in
                    try await pool.query("SELECT 1")
                }
            }
            #expect(error != nil, "\(url)")
        }
        try await server.stop()
    }
}
