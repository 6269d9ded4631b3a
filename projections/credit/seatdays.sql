-- Seats × milliseconds within [$3, $4) under policy $5, of facts effective by $1 and known at $2.
-- What ends after $1 is still open there and counts up to $4. {group} is what the sums are for.
WITH bounded AS (
  SELECT i.provider_tenant_id, i.customer_tenant_id, i.subscription_id, i.mpn_id, i.reseller_tenant_id,
    CASE WHEN i.since > $3 THEN i.since ELSE $3 END AS begins,
    CASE WHEN i.until IS NULL OR i.until > $1 OR i.until > $4 THEN $4 ELSE i.until END AS ends
  FROM credit_intervals i
  WHERE i.policy = $5 AND i.since <= $1 AND i.since < $4 AND (i.until IS NULL OR i.until > $1 OR i.until > $3)
    AND i.known_since <= $2 AND (i.known_until IS NULL OR i.known_until > $2){where}
),
parts AS (
  SELECT b.provider_tenant_id, b.customer_tenant_id, b.subscription_id, b.mpn_id, b.reseller_tenant_id, s.seats,
    CASE WHEN s.since > b.begins THEN s.since ELSE b.begins END AS begins,
    CASE WHEN s.until IS NULL OR s.until > $1 OR s.until > b.ends THEN b.ends ELSE s.until END AS ends
  FROM bounded b
  JOIN credit_seats s ON s.provider_tenant_id = b.provider_tenant_id AND s.customer_tenant_id = b.customer_tenant_id
    AND s.subscription_id = b.subscription_id
  WHERE s.since <= $1 AND s.since < b.ends AND (s.until IS NULL OR s.until > $1 OR s.until > b.begins)
)
SELECT {group}, CAST(SUM(seats * (ends - begins)) AS BIGINT)
FROM parts
WHERE begins < ends
GROUP BY {group}
ORDER BY {group}
