-- Rows are only ever added at the end and overwritten in place by bytes of the same length. So SQLite
-- never moves a key from page to page, which could leave a copy behind in the slack of the old page.
-- The index holds no keys.
CREATE TABLE IF NOT EXISTS subject_keys (
  id         INTEGER PRIMARY KEY,
  subject    TEXT    NOT NULL,
  generation INTEGER NOT NULL,
  wrapped    BLOB    NOT NULL, -- zeros once forgotten
  forgotten  INTEGER NOT NULL DEFAULT 0
);
CREATE UNIQUE INDEX IF NOT EXISTS subject_keys_by_subject ON subject_keys (subject, generation);
CREATE TABLE IF NOT EXISTS ledger_keys (
  name    TEXT PRIMARY KEY,
  wrapped BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS forgettings ( -- carried out, by the event that asked for it
  mark TEXT PRIMARY KEY
);
