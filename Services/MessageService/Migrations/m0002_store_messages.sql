-- Stores a batch of messages in one round trip and one commit. The arrays run in parallel and are sorted by room,
-- so that every caller locks rooms in the same order; messages of one room get their numbers in the order given.
--
-- One row answers each message, in order. `outcome`: stored · repeated (same client_message_id and body: the
-- original's id, seq and time) · mismatched (another body) · room_unknown · not_a_member · muted · room_ended ·
-- parent_unknown. `is_relayed`: whether the room's entries are left to the relay.
--
-- A short way for what a busy room sends: where all writers of a room's batch may write, and none of it is a reply or a
-- repetition, the messages go in with one insert. Everything else is decided one by one.
CREATE FUNCTION store_messages(
    rooms_ uuid[], users uuid[], ids uuid[], client_ids text[], types text[], contents text[], tracks text[],
    parents uuid[], digests bigint[], requests text[])
RETURNS TABLE (outcome text, message_id uuid, seq bigint, created_at timestamptz, is_relayed boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    room rooms%ROWTYPE;
    writer members%ROWTYPE;
    current_room uuid;
    moment timestamptz;
    stored integer;
    original_digest bigint;
    total CONSTANT integer := cardinality(rooms_);
    first_ integer := 1;
    last_ integer;
    is_plain boolean;
BEGIN
    WHILE first_ <= total LOOP
        current_room := rooms_[first_];
        last_ := first_;
        WHILE last_ < total AND rooms_[last_ + 1] = current_room LOOP
            last_ := last_ + 1;
        END LOOP;
        SELECT * INTO room FROM rooms WHERE room_id = current_room FOR UPDATE;
        -- Read under the lock: times of one room never run backwards, whichever instance writes.
        moment := greatest(date_trunc('milliseconds', clock_timestamp()), room.last_message_at);
        stored := 0;
        is_relayed := coalesce(room.is_relayed, false);
        is_plain := last_ - first_ >= 3 AND room.room_id IS NOT NULL AND room.ended_at IS NULL
            AND cardinality(array_remove(parents[first_:last_], NULL)) = 0;
        IF is_plain THEN
            -- One look-up a writer, so that no plan made while the table is small can read it whole.
            SELECT NOT EXISTS (
                SELECT FROM (SELECT DISTINCT id FROM unnest(users[first_:last_]) AS everybody (id)) AS somebody
                WHERE NOT coalesce((
                    SELECT m.is_member AND NOT (m.is_muted AND coalesce(m.muted_until > moment, true))
                    FROM members m WHERE m.room_id = current_room AND m.user_id = somebody.id), false))
            INTO is_plain;
        END IF;
        IF is_plain THEN
            -- A savepoint: a repetition among them undoes the insert, and they are decided one by one.
            BEGIN
                INSERT INTO messages (room_id, seq, ordinal, message_id, user_id, created_at, digest, type,
                    client_message_id, request_id, content, track_ref)
                SELECT current_room, room.last_seq + n, room.message_count + n, id, user_id, moment, digest, type, client_id, request,
                    content, track
                FROM unnest(ids[first_:last_], users[first_:last_], digests[first_:last_], types[first_:last_],
                    client_ids[first_:last_], requests[first_:last_], contents[first_:last_], tracks[first_:last_])
                    WITH ORDINALITY AS message (id, user_id, digest, type, client_id, request, content, track, n);
                RETURN QUERY SELECT 'stored', id, room.last_seq + n, moment, room.is_relayed
                    FROM unnest(ids[first_:last_]) WITH ORDINALITY AS message (id, n) ORDER BY n;
                stored := last_ - first_ + 1;
                room.last_seq := room.last_seq + stored;
            EXCEPTION WHEN unique_violation THEN
                stored := 0;
            END;
        END IF;
        IF stored = 0 THEN
            FOR i IN first_ .. last_ LOOP
                message_id := ids[i];
                seq := NULL;
                created_at := moment;
                IF room.room_id IS NULL THEN
                    outcome := 'room_unknown';
                    RETURN NEXT;
                    CONTINUE;
                END IF;
                SELECT * INTO writer FROM members WHERE room_id = current_room AND user_id = users[i];
                IF writer.is_member IS NOT TRUE THEN
                    outcome := 'not_a_member';
                    RETURN NEXT;
                    CONTINUE;
                END IF;
                IF writer.is_muted AND coalesce(writer.muted_until > moment, true) THEN
                    outcome := 'muted';
                ELSIF room.ended_at IS NOT NULL THEN
                    outcome := 'room_ended';
                ELSIF parents[i] IS NULL THEN
                    outcome := 'stored';
                ELSE
                    PERFORM FROM messages WHERE room_id = current_room AND message_id = parents[i];
                    outcome := CASE WHEN FOUND THEN 'stored' ELSE 'parent_unknown' END;
                END IF;
                IF outcome = 'stored' THEN
                    INSERT INTO messages (room_id, seq, ordinal, message_id, user_id, created_at, parent_id, digest,
                        type, client_message_id, request_id, content, track_ref)
                    VALUES (current_room, room.last_seq + 1, room.message_count + stored + 1, ids[i], users[i], moment,
                        parents[i], digests[i], types[i], client_ids[i], requests[i], contents[i], tracks[i])
                    ON CONFLICT DO NOTHING;
                    IF FOUND THEN
                        room.last_seq := room.last_seq + 1;
                        stored := stored + 1;
                        seq := room.last_seq;
                        IF parents[i] IS NOT NULL THEN
                            UPDATE messages SET reply_count = reply_count + 1
                            WHERE room_id = current_room AND message_id = parents[i];
                        END IF;
                        RETURN NEXT;
                        CONTINUE;
                    END IF;
                END IF;
                -- A repeat finds its original whatever became of the room or of the sender's rights since.
                SELECT m.message_id, m.seq, m.created_at, m.digest
                INTO message_id, seq, created_at, original_digest
                FROM all_messages m
                WHERE m.room_id = current_room AND m.user_id = users[i] AND m.client_message_id = client_ids[i];
                IF FOUND THEN
                    outcome := CASE WHEN original_digest = digests[i] THEN 'repeated' ELSE 'mismatched' END;
                END IF;
                RETURN NEXT;
            END LOOP;
        END IF;
        IF stored > 0 THEN
            UPDATE rooms SET last_seq = room.last_seq, message_count = message_count + stored,
                last_message_at = moment, unpublished_at = coalesce(unpublished_at, moment)
            WHERE room_id = current_room;
        END IF;
        first_ := last_ + 1;
    END LOOP;
END $$;
