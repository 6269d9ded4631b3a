-- The resellers of the list at $1, with what they have; credit as it was known at $2.
WITH listed AS (
  SELECT p.provider_tenant_id, p.reseller_tenant_id, p.name, p.mpn_id, p.country, p.since, p.request_id
  FROM partnerships p
  WHERE p.since <= $1 AND (p.until IS NULL OR p.until > $1){where}{page}
),
managed AS (
  SELECT l.provider_tenant_id, l.reseller_tenant_id, a.customer_tenant_id
  FROM listed l
  JOIN customer_resellers a ON a.provider_tenant_id = l.provider_tenant_id AND a.reseller_tenant_id = l.reseller_tenant_id
  WHERE a.since <= $1 AND (a.until IS NULL OR a.until > $1)
),
customers_of AS (
  SELECT provider_tenant_id, reseller_tenant_id, COUNT(*) AS customers
  FROM managed
  GROUP BY provider_tenant_id, reseller_tenant_id
),
managed_seats AS (
  SELECT m.provider_tenant_id, m.reseller_tenant_id, COUNT(*) AS subscriptions, SUM(s.quantity) AS seats
  FROM managed m
  JOIN subscription_steps s ON s.provider_tenant_id = m.provider_tenant_id AND s.customer_tenant_id = m.customer_tenant_id
  WHERE s.status = 'active' AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
  GROUP BY m.provider_tenant_id, m.reseller_tenant_id
),
credited_seats AS (
  SELECT l.provider_tenant_id, l.reseller_tenant_id, COUNT(*) AS subscriptions, SUM(s.quantity) AS seats
  FROM listed l
  JOIN credit_intervals i ON i.provider_tenant_id = l.provider_tenant_id AND i.reseller_tenant_id = l.reseller_tenant_id
  JOIN subscription_steps s ON s.provider_tenant_id = i.provider_tenant_id AND s.customer_tenant_id = i.customer_tenant_id
    AND s.subscription_id = i.subscription_id
  WHERE i.policy = 'keep' AND i.since <= $1 AND (i.until IS NULL OR i.until > $1)
    AND i.known_since <= $2 AND (i.known_until IS NULL OR i.known_until > $2)
    AND s.status = 'active' AND s.since <= $1 AND (s.until IS NULL OR s.until > $1)
  GROUP BY l.provider_tenant_id, l.reseller_tenant_id
)
SELECT l.provider_tenant_id, l.reseller_tenant_id, l.name, l.mpn_id, l.country, l.since, l.request_id,
  CASE
    WHEN r.deauthorized_at <= $1 THEN 'deauthorized'
    WHEN EXISTS (SELECT 1 FROM reseller_suspensions x WHERE x.reseller_tenant_id = l.reseller_tenant_id
                 AND x.since <= $1 AND (x.until IS NULL OR x.until > $1)) THEN 'suspended'
    ELSE 'active'
  END,
  CASE WHEN EXISTS (SELECT 1 FROM partner_agreements x JOIN providers v ON v.region = x.region
                    WHERE v.provider_tenant_id = l.provider_tenant_id AND x.reseller_tenant_id = l.reseller_tenant_id
                    AND x.since <= $1) THEN 1 ELSE 0 END,
  COALESCE(c.customers, 0), COALESCE(o.subscriptions, 0), COALESCE(o.seats, 0), COALESCE(m.subscriptions, 0), COALESCE(m.seats, 0)
FROM listed l
LEFT JOIN resellers r ON r.reseller_tenant_id = l.reseller_tenant_id
LEFT JOIN customers_of c ON c.provider_tenant_id = l.provider_tenant_id AND c.reseller_tenant_id = l.reseller_tenant_id
LEFT JOIN managed_seats m ON m.provider_tenant_id = l.provider_tenant_id AND m.reseller_tenant_id = l.reseller_tenant_id
LEFT JOIN credited_seats o ON o.provider_tenant_id = l.provider_tenant_id AND o.reseller_tenant_id = l.reseller_tenant_id
ORDER BY l.provider_tenant_id, l.reseller_tenant_id
