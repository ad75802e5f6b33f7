-- Appends facts of the room service to a room's timeline, each once and in their order, and keeps the projection.
--
-- Facts (ascending) already applied are passed over; a hole ends the work, and is remembered. Answers the last fact applied, and the entries made.
CREATE FUNCTION apply_facts(
    room uuid, room_code text, facts bigint[], types text[], times timestamptz[], users uuid[], bodies text[],
    request text)
RETURNS TABLE (applied bigint, fact bigint, seq bigint, is_relayed boolean)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    head rooms%ROWTYPE;
    first_seq bigint;
    detail jsonb;
    subject uuid;
BEGIN
    SELECT * INTO head FROM rooms WHERE room_id = room FOR UPDATE;
    IF NOT FOUND THEN
        INSERT INTO rooms (room_id, code) VALUES (room, room_code) ON CONFLICT DO NOTHING;
        SELECT * INTO head FROM rooms WHERE room_id = room FOR UPDATE;
    END IF;
    first_seq := head.last_seq;
    is_relayed := head.is_relayed;
    FOR i IN 1 .. cardinality(facts) LOOP
        CONTINUE WHEN facts[i] <= head.applied_fact;
        EXIT WHEN facts[i] > head.applied_fact + 1;
        head.applied_fact := facts[i];
        head.last_seq := head.last_seq + 1;
        INSERT INTO entries (room_id, seq, type, at, user_id, request_id, body)
        VALUES (room, head.last_seq, types[i], times[i], users[i], request, bodies[i]);
        detail := bodies[i]::jsonb;
        subject := (detail #>> '{member,userId}')::uuid;
        CASE types[i]
        WHEN 'member_joined' THEN
            INSERT INTO members (room_id, user_id, is_member, role, is_muted, muted_until, joined_seq)
            VALUES (room, subject, true, detail #>> '{member,role}', (detail #>> '{member,isMuted}')::boolean,
                (detail #>> '{member,mutedUntil}')::timestamptz, head.last_seq)
            ON CONFLICT (room_id, user_id) DO UPDATE SET is_member = true, role = excluded.role,
                is_muted = excluded.is_muted, muted_until = excluded.muted_until, joined_seq = excluded.joined_seq;
        WHEN 'member_updated' THEN
            UPDATE members SET role = detail #>> '{member,role}', is_muted = (detail #>> '{member,isMuted}')::boolean,
                muted_until = (detail #>> '{member,mutedUntil}')::timestamptz
            WHERE room_id = room AND user_id = subject;
        WHEN 'member_left', 'member_banned' THEN
            UPDATE members SET is_member = false WHERE room_id = room AND user_id = subject;
        WHEN 'room_ended' THEN
            head.ended_at := times[i];
        ELSE
        END CASE;
        fact := facts[i];
        seq := head.last_seq;
        applied := head.applied_fact;
        RETURN NEXT;
    END LOOP;
    IF head.last_seq > first_seq THEN
        UPDATE rooms SET last_seq = head.last_seq, applied_fact = head.applied_fact,
            heard_fact = greatest(heard_fact, facts[cardinality(facts)]), ended_at = head.ended_at,
            unpublished_at = coalesce(unpublished_at, clock_timestamp())
        WHERE room_id = room;
    ELSE
        UPDATE rooms SET heard_fact = facts[cardinality(facts)]
        WHERE room_id = room AND heard_fact < facts[cardinality(facts)];
        applied := head.applied_fact;
        fact := NULL;
        seq := NULL;
        RETURN NEXT;
    END IF;
END $$;
