-- Customers added by $1, each with the reseller associated then, if any.
SELECT c.provider_tenant_id, c.customer_tenant_id, c.company, c.domain, c.country, c.added_at,
  a.reseller_tenant_id, a.since,
  CASE WHEN EXISTS (SELECT 1 FROM partnerships p
                    WHERE p.provider_tenant_id = c.provider_tenant_id AND p.reseller_tenant_id = a.reseller_tenant_id
                      AND p.since <= $1 AND (p.until IS NULL OR p.until > $1)) THEN 1 ELSE 0 END,
  (SELECT MAX(g.forgotten_at) FROM customer_forgettings g
   WHERE g.provider_tenant_id = c.provider_tenant_id AND g.customer_tenant_id = c.customer_tenant_id AND g.forgotten_at <= $1)
FROM customers c
LEFT JOIN customer_resellers a ON a.provider_tenant_id = c.provider_tenant_id AND a.customer_tenant_id = c.customer_tenant_id
  AND a.since <= $1 AND (a.until IS NULL OR a.until > $1)
WHERE c.added_at <= $1{where}
