-- What became of each command. A command is known by its id for ever: said again, this row is its answer.
CREATE TABLE IF NOT EXISTS outcomes (
  command_id         TEXT    NOT NULL PRIMARY KEY,
  first_seq          BIGINT  NOT NULL, -- of the first event that the command left
  position           BIGINT  NOT NULL, -- of the last
  at                 BIGINT  NOT NULL, -- when it was issued
  command_type       TEXT    NOT NULL,
  digest             TEXT    NOT NULL,
  status             TEXT    NOT NULL, -- accepted or refused
  code               TEXT    NOT NULL, -- of the refusal
  sentence           TEXT    NOT NULL,
  changed_nothing    INTEGER NOT NULL,
  stream             TEXT    NOT NULL, -- at which the command aimed
  event_ids          TEXT    NOT NULL, -- of the facts recorded, in order, separated by spaces
  user_name          TEXT    NOT NULL,
  user_tenant_id     TEXT    NOT NULL,
  user_role          TEXT    NOT NULL,
  provider_tenant_id TEXT    NOT NULL,
  reseller_tenant_id TEXT    NOT NULL,
  customer_tenant_id TEXT    NOT NULL,
  correlation_id     TEXT    NOT NULL
);
CREATE UNIQUE INDEX IF NOT EXISTS outcomes_in_order ON outcomes (first_seq);
CREATE INDEX IF NOT EXISTS outcomes_by_status ON outcomes (status, first_seq);
CREATE INDEX IF NOT EXISTS outcomes_by_user ON outcomes (user_name, first_seq);
CREATE INDEX IF NOT EXISTS outcomes_by_customer ON outcomes (customer_tenant_id, first_seq);
CREATE INDEX IF NOT EXISTS outcomes_by_reseller ON outcomes (reseller_tenant_id, first_seq);
