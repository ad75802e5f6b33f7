-- Rooms that are gone here, and of which the message service has yet to be told.
CREATE TABLE purges (
    room_id uuid PRIMARY KEY
);
