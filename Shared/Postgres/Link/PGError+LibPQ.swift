internal import CLibPQ

extension PGError {
    /// The error that a result carries.
    init(result: OpaquePointer, sql: String?) {
        func field(_ code: Int32) -> String? {
            PQresultErrorField(result, code).map { String(cString: $0) }
        }
        let state = field(Int32(PARLOR_DIAG_SQLSTATE))
        let message = field(Int32(PARLOR_DIAG_MESSAGE_PRIMARY))
        let fallback = String(cString: PQresultErrorMessage(result))
        self.init(Self.kind(ofState: state), message ?? firstLine(fallback), sqlState: state)
        constraint = field(Int32(PARLOR_DIAG_CONSTRAINT_NAME))
        schema = field(Int32(PARLOR_DIAG_SCHEMA_NAME))
        table = field(Int32(PARLOR_DIAG_TABLE_NAME))
        column = field(Int32(PARLOR_DIAG_COLUMN_NAME))
        detail = field(Int32(PARLOR_DIAG_MESSAGE_DETAIL))
        hint = field(Int32(PARLOR_DIAG_MESSAGE_HINT))
        self.sql = sql
    }

    /// What libpq says about a connection that broke or could not be made.
    init(connection: OpaquePointer?) {
        let message = PQerrorMessage(connection).map { firstLine(String(cString: $0)) } ?? ""
        self.init(.connection, message.isEmpty ? "the connection is lost" : message)
    }

    private static func kind(ofState state: String?) -> Kind {
        switch state {
        // libpq's own errors have no state: the socket failed or the peer left.
        case nil: .connection
        // Shut down, crashed, starting, dropped; ended for idling in a transaction.
        case "57P01", "57P02", "57P03", "57P04", "57P05", "25P03": .connection
        // Cancelled; the task's own cancellation is told apart before this error reaches anybody.
        case "57014": .timeout
        case let state? where state.hasPrefix("08"): .connection
        default: .server
        }
    }

    /// The statement's plan is out of date because a table changed, or its name is unknown: preparing it anew helps.
    var isStaleStatement: Bool {
        sqlState == "26000" || (sqlState == "0A000" && message.hasPrefix("cached plan"))
    }

    /// The server has been demoted to a standby, which a new link with `target_session_attrs` will avoid.
    var meansWrongHost: Bool { sqlState == "25006" }
}
