-- Incentive credit: who is reseller of record on which subscription, from when to when, for how many seats.
-- Times are milliseconds since 1970, UTC. Intervals are half-open; until is null while they last.

-- The facts, as they were recorded. kind is set, clear or end; source of a set is purchase, update,
-- upgrade or correction. Only a correction takes effect at another time than it was recorded.
-- Facts count in order of (effective_at, seq). agreement_signed is null where nobody looked.
CREATE TABLE IF NOT EXISTS credit_facts (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  kind               TEXT NOT NULL,
  effective_at       BIGINT NOT NULL,
  recorded_at        BIGINT NOT NULL,
  mpn_id             TEXT,
  reseller_tenant_id TEXT,
  source             TEXT,
  agreement_signed   INTEGER,
  event_id           TEXT NOT NULL,
  recorded_by        TEXT NOT NULL,
  reason             TEXT,
  approver           TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id, seq)
);
CREATE INDEX IF NOT EXISTS credit_facts_sold ON credit_facts (provider_tenant_id, reseller_tenant_id, effective_at)
  WHERE source = 'purchase';

-- What the facts come to. Under each policy every moment of a subscription, from purchase to end,
-- belongs to exactly one interval; where mpn_id is null nobody earns. policy is keep or close.
--
-- A correction changes what is known about the past. The rows that it replaces stay, with known_until:
-- what was known at K is known_since <= K AND (known_until IS NULL OR known_until > K), cut at K.
-- closed_how is replaced, cleared, ended, location-deleted, reseller-deauthorized or partnership-removed.
CREATE TABLE IF NOT EXISTS credit_intervals (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  policy             TEXT NOT NULL,
  since              BIGINT NOT NULL,
  known_since        BIGINT NOT NULL,
  mpn_id             TEXT,
  reseller_tenant_id TEXT,
  until              BIGINT,
  opened_by          TEXT,
  closed_by          TEXT,
  closed_how         TEXT,
  partnership_active INTEGER,
  agreement_signed   INTEGER,
  known_until        BIGINT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id, policy, since, known_since)
);
CREATE INDEX IF NOT EXISTS credit_intervals_of ON credit_intervals (provider_tenant_id, reseller_tenant_id, policy, since)
  WHERE reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_intervals_of_id ON credit_intervals (mpn_id, since)
  WHERE mpn_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_intervals_superseded ON credit_intervals (reseller_tenant_id)
  WHERE known_until IS NOT NULL AND reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_intervals_corrected ON credit_intervals (provider_tenant_id, reseller_tenant_id, known_since)
  WHERE known_since > since AND policy = 'keep' AND reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_intervals_replaced ON credit_intervals (provider_tenant_id, reseller_tenant_id, known_until)
  WHERE known_until IS NOT NULL AND policy = 'keep' AND reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_intervals_open ON credit_intervals (reseller_tenant_id, provider_tenant_id)
  WHERE until IS NULL AND known_until IS NULL AND reseller_tenant_id IS NOT NULL;

-- The number of seats over the life of each subscription; the last step ends with the subscription. Each step says too
-- whether the subscription was active, who was on record under keep and who managed the customer, as it was recorded then:
-- a correction changes it from its recording on. So the sums of a reseller at any instant are one walk through an index,
-- to which comes what corrections changed (credit_intervals_corrected, credit_intervals_replaced).
CREATE TABLE IF NOT EXISTS credit_seats (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  seats              BIGINT NOT NULL,
  active             INTEGER NOT NULL,
  reseller_tenant_id TEXT,
  manager_tenant_id  TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id, seq)
);
CREATE INDEX IF NOT EXISTS credit_seats_open ON credit_seats (provider_tenant_id, customer_tenant_id, subscription_id)
  WHERE until IS NULL;

CREATE INDEX IF NOT EXISTS credit_seats_on_record ON credit_seats (provider_tenant_id, reseller_tenant_id, since, until, seats)
  WHERE active = 1 AND reseller_tenant_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS credit_seats_managed ON credit_seats (provider_tenant_id, manager_tenant_id, since, until, seats)
  WHERE active = 1 AND manager_tenant_id IS NOT NULL;

-- The reseller associated with each customer now, null where there is none.
CREATE TABLE IF NOT EXISTS credit_managers (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  reseller_tenant_id TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id)
);

CREATE TABLE IF NOT EXISTS credit_subscriptions (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  subscription_id    TEXT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, subscription_id)
);
CREATE INDEX IF NOT EXISTS credit_subscriptions_by_id ON credit_subscriptions (subscription_id);

-- What the rule has to know of partners, with the events behind it for evidence.
CREATE TABLE IF NOT EXISTS credit_locations (
  mpn_id             TEXT NOT NULL PRIMARY KEY,
  reseller_tenant_id TEXT NOT NULL,
  deleted_at         BIGINT,
  deleted_seq        BIGINT,
  deleted_by         TEXT
);

CREATE TABLE IF NOT EXISTS credit_deauthorized (
  reseller_tenant_id TEXT NOT NULL PRIMARY KEY,
  deauthorized_at    BIGINT NOT NULL,
  deauthorized_seq   BIGINT NOT NULL,
  deauthorized_by    TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS credit_partnerships (
  provider_tenant_id TEXT NOT NULL,
  reseller_tenant_id TEXT NOT NULL,
  since_seq          BIGINT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  until_seq          BIGINT,
  removed_by         TEXT,
  PRIMARY KEY (provider_tenant_id, reseller_tenant_id, since_seq)
);
