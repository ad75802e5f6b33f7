import Foundation

/// A table in the shape of the message service's own, partitions, indexes and all, for whoever inserts beside it.
enum BareTable {
    /// Makes it anew in the stack's database.
    static func make(_ connection: BarePostgres) throws {
        try connection.run("DROP SCHEMA IF EXISTS bench CASCADE; CREATE SCHEMA bench")
        try connection.run(
            "CREATE TABLE bench.messages (LIKE messages.messages INCLUDING ALL) PARTITION BY HASH (room_id)")
        try connection.run("ALTER TABLE bench.messages ALTER COLUMN ordinal SET DEFAULT 1")
        for part in 0..<16 {
            try connection.run(
                "CREATE TABLE bench.messages_\(part) PARTITION OF bench.messages "
                    + "FOR VALUES WITH (MODULUS 16, REMAINDER \(part))")
        }
    }

    static func drop(_ connection: BarePostgres) throws { try connection.run("DROP SCHEMA IF EXISTS bench CASCADE") }

    /// Of the length of what the speakers of a ``Talk`` say.
    static let text = "something that people might say to each other in a room, and then a few more words of it"

    static let columns =
        "bench.messages (room_id, seq, message_id, user_id, created_at, digest, type, client_message_id, content)"

    /// pgbench's script: one message, one commit. Each goes to one of eight rooms, as those of the sockets do.
    static let script = """
        \\set room random(1, 8)
        INSERT INTO \(columns) VALUES (('00000000-0000-7000-8000-00000000000' || :room)::uuid,
        nextval('bench.numbers'), gen_random_uuid(), '00000000-0000-7000-8000-0000000000aa', now(), 1, 'text',
        gen_random_uuid()::text, '\(text)');

        """
}
