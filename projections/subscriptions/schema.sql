-- Subscriptions, how they changed, and who supports them.
-- Times are milliseconds since 1970, UTC. Intervals are half-open; until is null while they last.

-- order_id is that of the order; upgraded_from is the subscription of which a partial upgrade made this one.
CREATE TABLE IF NOT EXISTS subscriptions (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  order_id           TEXT,
  upgraded_from      TEXT,
  purchased_at       BIGINT NOT NULL,
  ended_at           BIGINT,
  seq                BIGINT NOT NULL,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id)
);
CREATE INDEX IF NOT EXISTS subscriptions_by_id ON subscriptions (subscription_id);

-- A step is a stretch in which nothing about the subscription changed; status is active, suspended or
-- cancelled. After the end one step follows for ever: cancelled, with the last number of seats.
CREATE TABLE IF NOT EXISTS subscription_steps (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  offer_id           TEXT NOT NULL,
  offer_name         TEXT NOT NULL,
  quantity           BIGINT NOT NULL,
  status             TEXT NOT NULL,
  term_duration      TEXT NOT NULL,
  billing_cycle      TEXT NOT NULL,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id, seq)
);

CREATE TABLE IF NOT EXISTS support_contacts (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  support_tenant_id  TEXT NOT NULL,
  support_mpn_id     TEXT NOT NULL,
  name               TEXT NOT NULL,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id, seq)
);
CREATE INDEX IF NOT EXISTS support_contacts_of ON support_contacts (support_tenant_id, since);
