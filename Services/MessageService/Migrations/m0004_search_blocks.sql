-- A search looks for words in one block of 524,288 messages of a room after the other, newest first: what it fetches does not
-- grow with the room. The key of a block is one number, so that a message costs the index no more than with its room as key.
CREATE FUNCTION search_block(room_id uuid, seq bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN uuid_hash_extended(room_id, seq >> 19);

-- What waits to be sorted in is read from end to end for each block.
CREATE INDEX messages_block_words ON messages USING gin (search_block(room_id, seq), search_words(content))
    WITH (gin_pending_list_limit = 1024);
DROP INDEX messages_words;
