-- Partners: who they are, how they stand, and who is tied to whom.
-- Times are milliseconds since 1970, UTC. Intervals are half-open; until is null while they last.
-- seq is the number of the event that began something, until_seq and its like that of the one that ended it.

CREATE TABLE IF NOT EXISTS providers (
  provider_tenant_id TEXT NOT NULL PRIMARY KEY,
  name               TEXT NOT NULL,
  country            TEXT NOT NULL,
  region             TEXT NOT NULL,
  mpn_id             TEXT NOT NULL,
  global_mpn_id      TEXT,
  partnership_link   TEXT NOT NULL,
  email_domain       TEXT NOT NULL,
  website            TEXT,
  address_line1      TEXT,
  city               TEXT,
  postal_code        TEXT,
  phone_number       TEXT,
  registered_at      BIGINT NOT NULL
);

CREATE TABLE IF NOT EXISTS resellers (
  reseller_tenant_id   TEXT NOT NULL PRIMARY KEY,
  name                 TEXT NOT NULL,
  country              TEXT NOT NULL,
  region               TEXT NOT NULL,
  global_mpn_id        TEXT,
  enrolled_at          BIGINT NOT NULL,
  seq                  BIGINT NOT NULL,
  deauthorized_at      BIGINT,
  deauthorized_seq     BIGINT,
  deauthorized_reason  TEXT
);

CREATE TABLE IF NOT EXISTS reseller_suspensions (
  reseller_tenant_id TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  until_seq          BIGINT,
  reason             TEXT,
  PRIMARY KEY (reseller_tenant_id, seq)
);

-- Since when the ledger knows the agreement of a region to be signed; signed_at is information.
CREATE TABLE IF NOT EXISTS partner_agreements (
  reseller_tenant_id TEXT NOT NULL,
  region             TEXT NOT NULL,
  since              BIGINT NOT NULL,
  seq                BIGINT NOT NULL,
  signed_at          BIGINT NOT NULL,
  PRIMARY KEY (reseller_tenant_id, region)
);

CREATE TABLE IF NOT EXISTS partner_locations (
  mpn_id             TEXT NOT NULL PRIMARY KEY,
  reseller_tenant_id TEXT NOT NULL,
  name               TEXT NOT NULL,
  country            TEXT NOT NULL,
  registered_at      BIGINT NOT NULL,
  seq                BIGINT NOT NULL,
  deleted_at         BIGINT,
  deleted_seq        BIGINT
);
CREATE INDEX IF NOT EXISTS partner_locations_of ON partner_locations (reseller_tenant_id);

-- The e-mail address is kept sealed: whoever holds the key of the request can read it, until it is forgotten.
-- closed_how is accepted, declined or withdrawn; a request that expired was closed by nobody.
CREATE TABLE IF NOT EXISTS partnership_requests (
  request_id            TEXT NOT NULL PRIMARY KEY,
  provider_tenant_id    TEXT NOT NULL,
  reseller_email_sealed TEXT NOT NULL,
  delivery              TEXT,
  requested_at          BIGINT NOT NULL,
  seq                   BIGINT NOT NULL,
  requested_by          TEXT NOT NULL,
  expires_at            BIGINT NOT NULL,
  closed_at             BIGINT,
  closed_seq            BIGINT,
  closed_how            TEXT,
  closed_by             TEXT,
  reseller_tenant_id    TEXT,
  reason                TEXT
);
CREATE INDEX IF NOT EXISTS partnership_requests_of ON partnership_requests (provider_tenant_id, requested_at);

-- One row for each episode of a partnership; mpn_id, name and country are those of its acceptance.
CREATE TABLE IF NOT EXISTS partnerships (
  provider_tenant_id     TEXT NOT NULL,
  reseller_tenant_id     TEXT NOT NULL,
  seq                    BIGINT NOT NULL,
  since                  BIGINT NOT NULL,
  until                  BIGINT,
  until_seq              BIGINT,
  request_id             TEXT NOT NULL,
  mpn_id                 TEXT NOT NULL,
  name                   TEXT NOT NULL,
  country                TEXT NOT NULL,
  accepted_by            TEXT NOT NULL,
  removed_by             TEXT,
  removal_reason         TEXT,
  representation_version TEXT,
  PRIMARY KEY (provider_tenant_id, reseller_tenant_id, seq)
);
CREATE INDEX IF NOT EXISTS partnerships_of_reseller ON partnerships (reseller_tenant_id);
