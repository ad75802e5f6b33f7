-- A genre with thousands of rooms is read in the order asked for, like the whole list: nothing to fetch and sort.
DROP INDEX rooms_listed_by_genre;
CREATE INDEX rooms_of_genre_by_activity ON rooms (genre_key, is_active, last_activity_at DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist') AND genre_key IS NOT NULL;
CREATE INDEX rooms_of_genre_by_members ON rooms (genre_key, is_active, member_count DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist') AND genre_key IS NOT NULL;
CREATE INDEX rooms_of_genre_by_age ON rooms (genre_key, is_active, created_at DESC, id DESC)
    WHERE type IN ('public', 'genre', 'artist') AND genre_key IS NOT NULL;
CREATE INDEX rooms_of_genre_by_name ON rooms (genre_key, is_active, name_key, id)
    WHERE type IN ('public', 'genre', 'artist') AND genre_key IS NOT NULL;
