-- What became of each command, in the order of the log. A command is known by its id for ever: said again,
-- its first row is its answer. What a command or its answer doesn't name is NULL.
CREATE TABLE IF NOT EXISTS outcomes (
  first_seq          BIGINT  NOT NULL PRIMARY KEY, -- of the first event that the command left
  command_id         TEXT    NOT NULL,
  position           BIGINT  NOT NULL, -- of the last
  at                 BIGINT  NOT NULL, -- when it was issued
  command_type       TEXT    NOT NULL,
  digest             TEXT    NOT NULL,
  status             TEXT    NOT NULL, -- accepted or refused
  code               TEXT,             -- of the refusal
  sentence           TEXT,
  changed_nothing    INTEGER NOT NULL,
  stream             TEXT    NOT NULL, -- at which the command aimed
  event_ids          TEXT,             -- of the facts recorded, in order, separated by spaces
  awaited            INTEGER NOT NULL, -- events of the command that are still to come
  user_name          TEXT    NOT NULL,
  user_tenant_id     TEXT    NOT NULL,
  user_role          TEXT    NOT NULL,
  provider_tenant_id TEXT,
  reseller_tenant_id TEXT,
  customer_tenant_id TEXT,
  correlation_id     TEXT    NOT NULL
);
CREATE INDEX IF NOT EXISTS outcomes_by_command ON outcomes (command_id);
CREATE INDEX IF NOT EXISTS outcomes_refused ON outcomes (first_seq) WHERE status = 'refused';
CREATE INDEX IF NOT EXISTS outcomes_by_user ON outcomes (user_name, first_seq);
CREATE INDEX IF NOT EXISTS outcomes_by_customer ON outcomes (customer_tenant_id, first_seq) WHERE customer_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS outcomes_by_reseller ON outcomes (reseller_tenant_id, first_seq) WHERE reseller_tenant_id IS NOT NULL;
