import EventBus
import Identifiers
import Postgres

/// Who searches, and whom they may be brought together with.
enum SearchTable {
    /// Begins a search, or renews the one there is, and locks the row: whoever searches at the same moment waits. One that
    /// has run out begins anew.
    static func claim(_ user: UserID, _ interests: Interests, at now: Timestamp) -> PGQuery {
        """
        INSERT INTO pairing AS p (user_id, interests, since, expires_at)
        VALUES (\(user), \(interests.keys), \(now), \(now + PairingRules.searchLife))
        ON CONFLICT (user_id) DO UPDATE SET
            interests = CASE WHEN p.expires_at <= \(now) THEN excluded.interests ELSE p.interests END,
            since = CASE WHEN p.expires_at <= \(now) THEN excluded.since ELSE p.since END,
            expires_at = CASE WHEN p.room_id IS NULL THEN excluded.expires_at END
        RETURNING p.room_id, p.since, p.interests
        """
    }

    static func forgetInterests(of users: [UserID]) -> PGQuery {
        "DELETE FROM pairing_interests WHERE user_id = ANY(\(users))"
    }

    static func insertInterests(of searcher: Searcher) -> PGQuery {
        """
        INSERT INTO pairing_interests (interest, since, user_id)
        SELECT interest, \(searcher.since), \(searcher.userID) FROM unnest(\(searcher.interests.keys)) AS n (interest)
        """
    }

    /// Both are in `room` from now on; the caller has locked their rows.
    static func pair(_ first: UserID, _ second: UserID, in room: RoomID) -> PGQuery {
        """
        UPDATE pairing SET room_id = \(room), place = CASE WHEN user_id = \(first) THEN 1 ELSE 2 END, expires_at = NULL
        WHERE user_id IN (\(first), \(second))
        """
    }

    /// Somebody who searches now.
    static func searcher(_ user: UserID, at now: Timestamp) -> PGQuery {
        "SELECT \(columns) \(searching(at: now)) AND p.user_id = \(user)"
    }

    /// Some of them, locked one after the other in the order that everybody keeps. Fewer where others were quicker.
    static func lock(_ users: [UserID], at now: Timestamp) -> PGQuery {
        """
        SELECT \(columns) \(searching(at: now)) AND p.user_id = ANY(\(users))
        ORDER BY p.user_id FOR UPDATE OF p
        """
    }

    static func arePaused(_ one: UserID, _ other: UserID, at now: Timestamp) -> PGQuery {
        """
        SELECT 1 FROM pairing_pauses a WHERE a.lower_user = \(min(one, other)) AND a.higher_user = \(max(one, other))
            AND (a.until IS NULL OR a.until > \(now))
        """
    }

    enum Lock {
        /// Reads what was committed, locked or not.
        case none
        /// Locks the one it finds, and passes over those that others have locked.
        case skip

        var clause: PGQuery {
            switch self {
            case .none: ""
            case .skip: "FOR UPDATE OF p SKIP LOCKED"
            }
        }
    }

    /// Who waits longest of those that share an interest. However popular one is, a few of each are looked at.
    static func sharing(with searcher: Searcher, at now: Timestamp, _ lock: Lock) -> PGQuery {
        """
        SELECT \(columns) \(searching(at: now)) AND p.user_id = ANY(ARRAY(
            SELECT near.user_id FROM unnest(\(searcher.interests.keys)) AS mine (interest) CROSS JOIN LATERAL (
                SELECT p.user_id FROM pairing_interests i JOIN pairing p ON p.user_id = i.user_id
                    JOIN users u ON u.id = p.user_id
                WHERE i.interest = mine.interest AND \(suitable(for: searcher.userID, at: now))
                ORDER BY i.since, i.user_id LIMIT 8) near))
        ORDER BY p.since, p.user_id LIMIT 1 \(lock.clause)
        """
    }

    /// Who waits longest of those that anybody may have, or of all where the searcher has waited long enough themselves.
    static func anybody(for searcher: Searcher, at now: Timestamp, _ lock: Lock) -> PGQuery {
        let latest = PairingRules.hasWaited(searcher.since, at: now) ? now : now - PairingRules.preference
        return """
            SELECT \(columns) FROM pairing p JOIN users u ON u.id = p.user_id
            WHERE p.since <= \(latest) AND \(suitable(for: searcher.userID, at: now))
            ORDER BY p.since, p.user_id LIMIT 1 \(lock.clause)
            """
    }

    static func patient(at now: Timestamp, after position: Searcher?, limit: Int) -> PGQuery {
        let rest: PGQuery =
            if let position { "AND (p.since, p.user_id) > (\(position.since), \(position.userID))" } else { "" }
        return """
            SELECT \(columns) \(searching(at: now)) AND p.since <= \(now - PairingRules.preference) \(rest)
            ORDER BY p.since, p.user_id LIMIT \(limit)
            """
    }

    private static let columns: PGQuery = "p.user_id, u.display_name, p.since, p.interests"

    private static func searching(at now: Timestamp) -> PGQuery {
        "FROM pairing p JOIN users u ON u.id = p.user_id WHERE \(isSearching(at: now))"
    }

    /// A search that runs, of an account that is not banned.
    private static func isSearching(at now: Timestamp) -> PGQuery {
        """
        p.room_id IS NULL AND p.expires_at > \(now)
            AND (u.banned_at IS NULL OR u.banned_until IS NOT NULL AND u.banned_until <= \(now))
        """
    }

    private static func suitable(for user: UserID, at now: Timestamp) -> PGQuery {
        """
        \(isSearching(at: now)) AND p.user_id <> \(user) AND NOT EXISTS (
            SELECT FROM pairing_pauses a WHERE a.lower_user = least(p.user_id, \(user))
                AND a.higher_user = greatest(p.user_id, \(user)) AND (a.until IS NULL OR a.until > \(now)))
        """
    }
}

extension Searcher {
    init(row: PGRow) throws {
        var reader = RowReader(row)
        self.init(
            userID: try reader.next(), displayName: try reader.next(), since: try reader.next(),
            interests: Interests(keys: try reader.next()))
    }
}
