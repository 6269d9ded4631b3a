-- What was said, line by line. These tables aren't built from events: a command said again records no
-- event, but it was said.
CREATE TABLE IF NOT EXISTS submissions (
  id         TEXT   NOT NULL PRIMARY KEY,
  name       TEXT   NOT NULL,
  started_at BIGINT NOT NULL, -- by the ledger's clock
  ord        BIGINT NOT NULL  -- order of arrival
);
CREATE INDEX IF NOT EXISTS submissions_by_order ON submissions (ord); -- or each new one would look through all
CREATE TABLE IF NOT EXISTS submission_lines (
  submission TEXT   NOT NULL,
  line       BIGINT NOT NULL,
  command_id TEXT   NOT NULL,
  type       TEXT   NOT NULL,
  at         BIGINT NOT NULL, -- when the command was issued
  digest     TEXT   NOT NULL,
  status     TEXT   NOT NULL, -- accepted, refused, failed
  code       TEXT   NOT NULL,
  PRIMARY KEY (submission, line)
);
CREATE INDEX IF NOT EXISTS submission_lines_by_command ON submission_lines (command_id);
CREATE INDEX IF NOT EXISTS submission_lines_by_time ON submission_lines (at);
