-- Both SQLite and PostgreSQL; /*bytes*/ stands for the type of bytes. Rows are only ever added at the end and
-- overwritten in place by bytes of the same length, so that SQLite never moves a key from page to page, which
-- could leave a copy behind in the slack of the old page. No index holds keys.
CREATE TABLE IF NOT EXISTS data_keys (
  leaf       BIGINT PRIMARY KEY, -- of the master key's tree
  subject    TEXT   NOT NULL,
  generation BIGINT NOT NULL,
  wrapped    /*bytes*/ NOT NULL, -- nothing but zeros once destroyed
  state      INTEGER NOT NULL DEFAULT 0 -- 0 alive, 1 destroyed, 2 destroyed and its leaf is cut
);
CREATE UNIQUE INDEX IF NOT EXISTS data_keys_by_subject ON data_keys (subject, generation);
CREATE INDEX IF NOT EXISTS data_keys_uncut ON data_keys (state) WHERE state = 1;
-- A fence says that a subject's generations up to this one seal nothing any more, and once it is carried out,
-- that they open nothing either: whatever the other table holds.
CREATE TABLE IF NOT EXISTS key_fences (
  mark        TEXT   PRIMARY KEY, -- of the event that asks for it
  subject     TEXT   NOT NULL,
  generation  BIGINT NOT NULL,
  carried_out INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS key_fences_by_subject ON key_fences (subject, generation);
CREATE TABLE IF NOT EXISTS ledger_keys (
  name    TEXT PRIMARY KEY,
  wrapped /*bytes*/ NOT NULL
);
-- The epoch counts fences, so that processes which share the keys notice those of others.
CREATE TABLE IF NOT EXISTS key_epoch (
  n BIGINT NOT NULL
);
