-- One month of each provider: from $3 to its last moment, or to the last that is shown, $1; credit as
-- it was known at $2. $4 is six months before the month. Whoever is on record at a purchase has sold it.
SELECT v.provider_tenant_id,
  (SELECT COUNT(*) FROM partnerships p WHERE p.provider_tenant_id = v.provider_tenant_id
     AND p.since <= $1 AND (p.until IS NULL OR p.until > $1)),
  (SELECT COUNT(*) FROM partnerships p WHERE p.provider_tenant_id = v.provider_tenant_id AND p.since >= $3 AND p.since <= $1),
  (SELECT COUNT(*) FROM partnerships p WHERE p.provider_tenant_id = v.provider_tenant_id AND p.until >= $3 AND p.until <= $1),
  (SELECT COUNT(DISTINCT i.reseller_tenant_id) FROM credit_intervals i WHERE i.provider_tenant_id = v.provider_tenant_id
     AND i.policy = 'keep' AND i.reseller_tenant_id IS NOT NULL AND i.since <= $1 AND (i.until IS NULL OR i.until > $1)
     AND i.known_since <= $2 AND (i.known_until IS NULL OR i.known_until > $2)),
  (SELECT COUNT(DISTINCT f.reseller_tenant_id) FROM credit_facts f WHERE f.provider_tenant_id = v.provider_tenant_id
     AND f.source = 'purchase' AND f.effective_at >= $3 AND f.effective_at <= $1),
  (SELECT COUNT(DISTINCT f.reseller_tenant_id) FROM credit_facts f WHERE f.provider_tenant_id = v.provider_tenant_id
     AND f.source = 'purchase' AND f.effective_at < $4 AND f.effective_at <= $1
     AND NOT EXISTS (SELECT 1 FROM credit_facts n WHERE n.provider_tenant_id = f.provider_tenant_id
       AND n.reseller_tenant_id = f.reseller_tenant_id AND n.source = 'purchase'
       AND n.effective_at >= $4 AND n.effective_at < $3 AND n.effective_at <= $1)),
  (SELECT COUNT(*) FROM customers c WHERE c.provider_tenant_id = v.provider_tenant_id AND c.added_at >= $3 AND c.added_at <= $1),
  (SELECT COUNT(*) FROM subscriptions s WHERE s.provider_tenant_id = v.provider_tenant_id
     AND s.purchased_at >= $3 AND s.purchased_at <= $1),
  (SELECT COUNT(*) FROM subscriptions s WHERE s.provider_tenant_id = v.provider_tenant_id AND s.ended_at >= $3 AND s.ended_at <= $1),
  (SELECT COUNT(*) FROM subscription_steps t WHERE t.provider_tenant_id = v.provider_tenant_id
     AND t.status = 'active' AND t.since <= $1 AND (t.until IS NULL OR t.until > $1)),
  (SELECT COALESCE(SUM(t.quantity), 0) FROM subscription_steps t WHERE t.provider_tenant_id = v.provider_tenant_id
     AND t.status = 'active' AND t.since <= $1 AND (t.until IS NULL OR t.until > $1))
FROM providers v
WHERE v.registered_at <= $1{where}
