import EventBus
import Identifiers
import Postgres

/// The pairs, and who is not to meet for now. What is changed here belongs to the transaction of a room's change.
enum PairTable {
    private static let columns: PGQuery = """
        p.first_user, p.first_likes, p.first_keeps, p.first_reported, p.second_user, p.second_likes, p.second_keeps, \
        p.second_reported, p.ended_by
        """

    static func find(_ room: RoomID) -> PGQuery { "SELECT \(columns) FROM pairs p WHERE p.room_id = \(room)" }

    static func insert(_ pair: Pair, in room: RoomID) -> PGQuery {
        """
        INSERT INTO pairs (room_id, first_user, second_user)
        VALUES (\(room), \(pair.first.userID), \(pair.second.userID))
        """
    }

    static func update(_ pair: Pair, in room: RoomID) -> PGQuery {
        """
        UPDATE pairs SET first_likes = \(pair.first.likes), first_keeps = \(pair.first.keeps),
            first_reported = \(pair.first.hasReported), second_likes = \(pair.second.likes),
            second_keeps = \(pair.second.keeps), second_reported = \(pair.second.hasReported),
            ended_by = \(pair.endedBy)
        WHERE room_id = \(room)
        """
    }

    /// Both are free to search again. Their rows are locked in the one order that everybody keeps who locks two.
    static func free(_ room: RoomID) -> PGQuery {
        """
        DELETE FROM pairing WHERE user_id IN (
            SELECT user_id FROM pairing WHERE room_id = \(room) ORDER BY user_id FOR UPDATE)
        """
    }

    /// The two of a room do not meet again before `until`; never, where it is `nil`. What is for ever stays so.
    static func keepApart(_ room: RoomID, until: Timestamp?) -> PGQuery {
        """
        INSERT INTO pairing_pauses AS a (lower_user, higher_user, until)
        SELECT least(first_user, second_user), greatest(first_user, second_user), \(until)
        FROM pairs WHERE room_id = \(room)
        ON CONFLICT (lower_user, higher_user) DO UPDATE
            SET until = CASE WHEN a.until IS NULL THEN NULL ELSE excluded.until END
        """
    }
}

extension Pair {
    init(row: PGRow) throws {
        var reader = RowReader(row)
        self.init(first: try Side(&reader), second: try Side(&reader), endedBy: try reader.next())
    }
}

extension Pair.Side {
    fileprivate init(_ reader: inout RowReader) throws {
        self.init(
            userID: try reader.next(), likes: try reader.next(), keeps: try reader.next(),
            hasReported: try reader.next())
    }
}
