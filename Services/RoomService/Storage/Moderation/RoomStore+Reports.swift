import EventBus
import Events
import Identifiers
import Postgres

/// What somebody reported to the administrators.
struct Report: Sendable, Equatable {
    var id: ReportID
    var roomCode: RoomCode
    var reporterID: UserID
    var userID: UserID?
    var messageID: MessageID?
    var reason: String
    var createdAt: Timestamp
}

extension RoomStore {
    /// A member of a room, ended or not, reports it, a user or a message. Of two whom pairing brought together that is the
    /// end.
    func report(_ id: RoomID, user: UserID?, message: MessageID?, reason: String, by actor: UserID) async throws
        -> Report
    {
        try await change(id, by: actor) { change in
            _ = try await change.requireMember(actor, for: .report)
            if let user, try await Accounts.find(user, in: change.transaction) == nil { throw Refusal.userNotFound }
            let report = try change.insertReport(about: user, message: message, reason: reason, by: actor)
            if let pair = try await change.pair(), pair.isOne(actor) { try await change.keepApart(pair, by: actor) }
            return report
        }
    }

    /// Of all rooms, newest first.
    func reports(before position: ReportID?, limit: Int) async throws -> [Report] {
        let rest: PGQuery = if let position { "WHERE id < \(position)" } else { "" }
        return try await pool.query(
            """
            SELECT id, room_code, reporter_id, user_id, message_id, reason, created_at FROM reports \(rest)
            ORDER BY id DESC LIMIT \(limit)
            """
        ).map { row in
            var reader = RowReader(row)
            return Report(
                id: try reader.next(), roomCode: try reader.next(), reporterID: try reader.next(),
                userID: try reader.next(), messageID: try reader.next(), reason: try reader.next(),
                createdAt: try reader.next())
        }
    }
}

extension RoomChange {
    mutating func insertReport(
        about user: UserID?, message: MessageID?, reason: String, by actor: UserID
    ) throws -> Report {
        let report = Report(
            id: .new(), roomCode: room.code, reporterID: actor, userID: user, messageID: message, reason: reason,
            createdAt: at)
        try transaction.executeLater(
            """
            INSERT INTO reports (id, room_id, room_code, reporter_id, user_id, message_id, reason, created_at)
            VALUES (\(report.id), \(room.id), \(report.roomCode), \(actor), \(user), \(message), \(reason),
                \(report.createdAt))
            """)
        announce(.reportCreated(ReportFields(reportId: report.id, messageId: message)), about: user)
        return report
    }
}
