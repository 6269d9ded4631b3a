-- How far each projection is. A row changes in the same transaction as the rows of its projection, and
-- only from the position that the projector believes it at: two projectors can't both apply an event.
CREATE TABLE IF NOT EXISTS checkpoints (
    name             TEXT    NOT NULL PRIMARY KEY,
    version          INTEGER NOT NULL,
    schema_digest    TEXT    NOT NULL,
    tables           TEXT    NOT NULL, -- made by this version, separated by spaces; dropped before a rebuild
    position         BIGINT  NOT NULL, -- of the last event applied, -1 before any
    next_seq         BIGINT  NOT NULL, -- seq of the event after it
    at               BIGINT  NOT NULL, -- latest recorded time among the events applied
    status           TEXT    NOT NULL, -- running, stopped, rebuilding
    stopped_event    TEXT,             -- the poison event
    stopped_position BIGINT,
    error            TEXT
);
