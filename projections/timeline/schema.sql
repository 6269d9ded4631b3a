-- Every event, by who, when and about what; what an event doesn't name is NULL. The texts hold nothing personal.
CREATE TABLE IF NOT EXISTS timeline (
  seq                BIGINT NOT NULL PRIMARY KEY,
  position           BIGINT NOT NULL,
  at                 BIGINT NOT NULL, -- recorded
  effective_at       BIGINT NOT NULL,
  type               TEXT   NOT NULL,
  category           TEXT   NOT NULL, -- of the stream
  summary            TEXT   NOT NULL,
  reason             TEXT,
  user_name          TEXT   NOT NULL,
  user_tenant_id     TEXT   NOT NULL,
  user_role          TEXT   NOT NULL,
  provider_tenant_id TEXT,
  reseller_tenant_id TEXT,
  previous_tenant_id TEXT, -- reseller that had what the event gives to another, or to nobody
  customer_tenant_id TEXT,
  subscription_id    TEXT,
  request_id         TEXT,
  order_id           TEXT,
  mpn_id             TEXT,
  previous_mpn_id    TEXT,
  event_id           TEXT   NOT NULL,
  command_id         TEXT   NOT NULL,
  correlation_id     TEXT, -- where it isn't the command
  stream             TEXT   NOT NULL,
  revision           BIGINT NOT NULL
);
CREATE INDEX IF NOT EXISTS timeline_by_customer ON timeline (customer_tenant_id, seq) WHERE customer_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_reseller ON timeline (reseller_tenant_id, seq) WHERE reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_previous ON timeline (previous_tenant_id, seq) WHERE previous_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_subscription ON timeline (subscription_id, seq) WHERE subscription_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_user ON timeline (user_name, seq);
CREATE INDEX IF NOT EXISTS timeline_by_type ON timeline (type, seq);
CREATE INDEX IF NOT EXISTS timeline_by_request ON timeline (request_id, seq) WHERE request_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_order ON timeline (order_id, seq) WHERE order_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS timeline_by_correlation ON timeline (correlation_id, seq) WHERE correlation_id IS NOT NULL;

-- Whose an MPN ID is that was on record in a stream: an event that takes it off a subscription doesn't name
-- the reseller that loses it.
CREATE TABLE IF NOT EXISTS timeline_owners (
  stream             TEXT NOT NULL,
  mpn_id             TEXT NOT NULL,
  reseller_tenant_id TEXT NOT NULL,
  PRIMARY KEY (stream, mpn_id)
);
