DROP TABLE IF EXISTS checkpoints; -- an earlier form, without builds

-- How far each build of each projection is. A row changes in the same transaction as the rows of its
-- projection, and only from the position and by the holder that the projector believes it at: two projectors
-- can't both apply an event. A projection that several processes share has a row for each range of partitions.
CREATE TABLE IF NOT EXISTS projection_checkpoints (
    name             TEXT    NOT NULL,
    build            TEXT    NOT NULL, -- live, next while it is rebuilt, prior until it is dropped
    first_partition  INTEGER NOT NULL,
    last_partition   INTEGER NOT NULL,
    version          INTEGER NOT NULL,
    schema_digest    TEXT    NOT NULL,
    tables           TEXT    NOT NULL, -- made by this version, separated by spaces
    position         BIGINT  NOT NULL, -- of the last event applied, -1 before any
    next_seq         BIGINT  NOT NULL, -- seq of the event after it
    at               BIGINT  NOT NULL, -- latest recorded time among the events applied
    landmark         TEXT    NOT NULL, -- the last event's id, revision and stream; empty before any
    status           TEXT    NOT NULL, -- running, stopped, rebuilding, rebuilt, kept
    stopped_event    TEXT,             -- the poison event
    stopped_position BIGINT,
    error            TEXT,
    holder           TEXT    NOT NULL, -- the run of the projector that applies events
    PRIMARY KEY (name, build, first_partition)
);

-- Runs of projectors, each with a number that rises while it lives.
CREATE TABLE IF NOT EXISTS projectors (
    holder TEXT   NOT NULL PRIMARY KEY,
    beats  BIGINT NOT NULL
);

-- What people asked to be done to a projection, and how far that is.
CREATE TABLE IF NOT EXISTS projection_orders (
    id         TEXT   NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    kind       TEXT   NOT NULL, -- retry, rebuild, rollback, drop
    asked_at   BIGINT NOT NULL,
    status     TEXT   NOT NULL, -- waiting, running, done, failed
    phase      TEXT   NOT NULL, -- of a rebuild: applying, indexing, comparing
    events     BIGINT NOT NULL, -- applied by a rebuild
    of_events  BIGINT NOT NULL, -- in the ledger, as far as is known
    rate       BIGINT NOT NULL, -- events a second
    report     TEXT   NOT NULL  -- what came of it
);
