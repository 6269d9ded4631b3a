-- What the resellers of the list at $1 have then; credit as it was known at $2, which MUST NOT be before $1.
--
-- Each part is one walk through an index in the order of the list (CROSS JOIN keeps SQLite to that order). Credit is
-- what was on record when $1 was the present, and the difference that corrections recorded since make to it.
WITH listed AS (
  SELECT p.provider_tenant_id, p.reseller_tenant_id
  FROM partnerships p
  WHERE p.since <= $1 AND (p.until IS NULL OR p.until > $1){where}
),
corrected AS (
  SELECT l.provider_tenant_id, l.reseller_tenant_id, 1 AS sign, i.customer_tenant_id, i.subscription_id
  FROM listed l
  CROSS JOIN credit_intervals i
  WHERE i.provider_tenant_id = l.provider_tenant_id AND i.reseller_tenant_id = l.reseller_tenant_id
    AND i.policy = 'keep' AND i.reseller_tenant_id IS NOT NULL AND i.known_since > i.since
    AND i.since <= $1 AND (i.until IS NULL OR i.until > $1)
    AND i.known_since > $1 AND i.known_since <= $2 AND (i.known_until IS NULL OR i.known_until > $2)
  UNION ALL
  SELECT l.provider_tenant_id, l.reseller_tenant_id, -1, i.customer_tenant_id, i.subscription_id
  FROM listed l
  CROSS JOIN credit_intervals i
  WHERE i.provider_tenant_id = l.provider_tenant_id AND i.reseller_tenant_id = l.reseller_tenant_id
    AND i.policy = 'keep' AND i.reseller_tenant_id IS NOT NULL AND i.known_until IS NOT NULL
    AND i.since <= $1 AND (i.until IS NULL OR i.until > $1)
    AND i.known_since <= $1 AND i.known_until > $1 AND i.known_until <= $2
)
SELECT l.provider_tenant_id, l.reseller_tenant_id, COUNT(*) AS customers, 0 AS subscriptions, 0 AS seats,
  0 AS managed, 0 AS managed_seats
FROM listed l
CROSS JOIN customer_resellers a
WHERE a.provider_tenant_id = l.provider_tenant_id AND a.reseller_tenant_id = l.reseller_tenant_id
  AND a.since <= $1 AND (a.until IS NULL OR a.until > $1)
GROUP BY l.provider_tenant_id, l.reseller_tenant_id
UNION ALL
SELECT l.provider_tenant_id, l.reseller_tenant_id, 0, COUNT(*), CAST(SUM(s.seats) AS BIGINT), 0, 0
FROM listed l
CROSS JOIN credit_seats s
WHERE s.provider_tenant_id = l.provider_tenant_id AND s.reseller_tenant_id = l.reseller_tenant_id
  AND s.active = 1 AND s.reseller_tenant_id IS NOT NULL AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
GROUP BY l.provider_tenant_id, l.reseller_tenant_id
UNION ALL
SELECT l.provider_tenant_id, l.reseller_tenant_id, 0, 0, 0, COUNT(*), CAST(SUM(s.seats) AS BIGINT)
FROM listed l
CROSS JOIN credit_seats s
WHERE s.provider_tenant_id = l.provider_tenant_id AND s.manager_tenant_id = l.reseller_tenant_id
  AND s.active = 1 AND s.manager_tenant_id IS NOT NULL AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
GROUP BY l.provider_tenant_id, l.reseller_tenant_id
UNION ALL
SELECT c.provider_tenant_id, c.reseller_tenant_id, 0, c.sign, c.sign * s.seats, 0, 0
FROM corrected c
CROSS JOIN credit_seats s
WHERE s.provider_tenant_id = c.provider_tenant_id AND s.customer_tenant_id = c.customer_tenant_id
  AND s.subscription_id = c.subscription_id AND s.active = 1 AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
