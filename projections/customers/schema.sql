-- Customers of a provider, who manages them, and who has admin rights over them.
-- Times are milliseconds since 1970, UTC. Intervals are half-open; until is null while they last.
-- seq is the number of the event that began something, until_seq and revoked_seq that of the one that ended it.

-- Contacts (names, e-mail, phone, address) are personal and not kept here at all.
CREATE TABLE IF NOT EXISTS customers (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  company            TEXT NOT NULL,
  domain             TEXT NOT NULL,
  country            TEXT NOT NULL,
  added_at           BIGINT NOT NULL,
  seq                BIGINT NOT NULL,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id)
);
CREATE INDEX IF NOT EXISTS customers_by_tenant ON customers (customer_tenant_id);

-- When the personal data of a customer's contacts, recorded so far, was erased.
CREATE TABLE IF NOT EXISTS customer_forgettings (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  forgotten_at       BIGINT NOT NULL,
  event_id           TEXT   NOT NULL,
  reason             TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, seq)
);

-- One association at a time; a time without one is that of a direct customer.
CREATE TABLE IF NOT EXISTS customer_resellers (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  reseller_tenant_id TEXT NOT NULL,
  since              BIGINT NOT NULL,
  until              BIGINT,
  until_seq          BIGINT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, seq)
);
CREATE INDEX IF NOT EXISTS customer_resellers_of ON customer_resellers (provider_tenant_id, reseller_tenant_id, since, until);

-- A grant is open from since until it is revoked or has expired, whichever comes first; roles is a JSON array.
CREATE TABLE IF NOT EXISTS customer_privileges (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  grantee_tenant_id  TEXT NOT NULL,
  kind               TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  roles              TEXT,
  since              BIGINT NOT NULL,
  expires_at         BIGINT,
  revoked_at         BIGINT,
  revoked_seq        BIGINT,
  granted_by         TEXT NOT NULL,
  revoked_by         TEXT,
  revocation_reason  TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, grantee_tenant_id, kind, seq)
);
CREATE INDEX IF NOT EXISTS customer_privileges_of_grantee ON customer_privileges (grantee_tenant_id, since);

-- Legal holds on a customer's personal data, or, where customer_tenant_id is empty, on that of all customers.
CREATE TABLE IF NOT EXISTS legal_holds (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  hold_id            TEXT NOT NULL,
  reason             TEXT NOT NULL,
  placed_at          BIGINT NOT NULL,
  placed_by          TEXT NOT NULL,
  lifted_at          BIGINT,
  lifted_by          TEXT,
  lift_reason        TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, seq)
);

-- Erasures that somebody requested, and what became of them; state is open, approved or withdrawn.
CREATE TABLE IF NOT EXISTS contact_erasures (
  provider_tenant_id TEXT NOT NULL,
  customer_tenant_id TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  erasure_id         TEXT NOT NULL,
  reason             TEXT NOT NULL,
  requested_at       BIGINT NOT NULL,
  requested_by       TEXT NOT NULL,
  closed_state       TEXT,
  closed_at          BIGINT,
  closed_by          TEXT,
  PRIMARY KEY (provider_tenant_id, customer_tenant_id, seq)
);

-- Requests to erase the personal data of a partnership request, and what became of them.
CREATE TABLE IF NOT EXISTS invitee_erasures (
  provider_tenant_id TEXT NOT NULL,
  request_id         TEXT NOT NULL,
  seq                BIGINT NOT NULL,
  erasure_id         TEXT NOT NULL,
  reason             TEXT NOT NULL,
  requested_at       BIGINT NOT NULL,
  requested_by       TEXT NOT NULL,
  closed_state       TEXT,
  closed_at          BIGINT,
  closed_by          TEXT,
  PRIMARY KEY (provider_tenant_id, request_id, seq)
);

-- When the personal data of a partnership request was erased; event_id marks the keys that were destroyed.
CREATE TABLE IF NOT EXISTS invitee_forgettings (
  request_id   TEXT NOT NULL,
  seq          BIGINT NOT NULL,
  forgotten_at BIGINT NOT NULL,
  event_id     TEXT NOT NULL,
  PRIMARY KEY (request_id, seq)
);
