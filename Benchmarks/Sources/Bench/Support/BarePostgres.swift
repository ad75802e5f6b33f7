import CLibPQ
import Foundation

/// libpq and nothing else: one connection, for one thread.
///
/// Unchecked: the benchmark calls it from one thread at a time.
final class BarePostgres: @unchecked Sendable {
    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    private let connection: OpaquePointer

    init(_ url: String) throws {
        guard let connection = PQconnectdb(url), PQstatus(connection) == CONNECTION_OK else {
            throw Failure(description: "no connection to \(url)")
        }
        self.connection = connection
        try run("SET client_min_messages = warning")
    }

    deinit {
        PQfinish(connection)
    }

    /// Any statements without parameters.
    func run(_ sql: String) throws { try check(PQexec(connection, sql), PGRES_COMMAND_OK, PGRES_TUPLES_OK) }

    func prepare(_ name: String, _ sql: String, types: [Oid] = []) throws {
        try check(PQprepare(connection, name, sql, Int32(types.count), types), PGRES_COMMAND_OK)
    }

    /// Runs a prepared statement with parameters as text; it is a transaction of its own.
    func run(prepared name: String, _ values: [String]) throws {
        let pointers = values.map { UnsafePointer<CChar>(strdup($0)) }
        defer { for pointer in pointers { free(UnsafeMutablePointer(mutating: pointer)) } }
        try check(
            PQexecPrepared(connection, name, Int32(values.count), pointers, nil, nil, 0), PGRES_COMMAND_OK,
            PGRES_TUPLES_OK)
    }

    // MARK: - The statement of the driver's benchmark

    static let lookUp = "SELECT abalance FROM pgbench_accounts WHERE aid = $1"

    func prepareLookUp() throws { try prepare("q", Self.lookUp, types: [23]) }

    func balance(of id: Int32) throws {
        var value = id.bigEndian
        let result = withUnsafeBytes(of: &value) { bytes in
            var pointer: UnsafePointer<CChar>? = bytes.baseAddress?.assumingMemoryBound(to: CChar.self)
            var (length, format): (Int32, Int32) = (4, 1)
            return PQexecPrepared(connection, "q", 1, &pointer, &length, &format, 1)
        }
        defer { PQclear(result) }
        guard PQntuples(result) == 1 else { throw Failure(description: String(cString: PQerrorMessage(connection))) }
    }

    private func check(_ result: OpaquePointer?, _ wanted: ExecStatusType...) throws {
        defer { PQclear(result) }
        guard wanted.contains(PQresultStatus(result)) else {
            throw Failure(description: String(cString: PQerrorMessage(connection)))
        }
    }
}
