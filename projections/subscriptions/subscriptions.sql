-- Subscriptions ever purchased by $1, as they stood then, with the id on record as it was known at $2.
SELECT s.provider_tenant_id, s.customer_tenant_id, s.subscription_id, COALESCE(s.order_id, ''), COALESCE(s.upgraded_from, ''),
  t.offer_id, t.offer_name, t.quantity, t.status, t.term_duration, t.billing_cycle,
  i.mpn_id, i.reseller_tenant_id, s.purchased_at, CASE WHEN s.ended_at <= $1 THEN s.ended_at END
FROM subscriptions s
JOIN subscription_steps t ON t.provider_tenant_id = s.provider_tenant_id AND t.customer_tenant_id = s.customer_tenant_id
  AND t.subscription_id = s.subscription_id AND t.since <= $1 AND (t.until IS NULL OR t.until > $1)
LEFT JOIN credit_intervals i ON i.provider_tenant_id = s.provider_tenant_id AND i.customer_tenant_id = s.customer_tenant_id
  AND i.subscription_id = s.subscription_id AND i.policy = 'keep' AND i.since <= $1 AND (i.until IS NULL OR i.until > $1)
  AND i.known_since <= $2 AND (i.known_until IS NULL OR i.known_until > $2)
WHERE s.purchased_at <= $1{where}
