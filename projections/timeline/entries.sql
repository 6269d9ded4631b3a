-- Events that had taken effect by $1 and were known at $2. A correction doesn't say what it corrects: that is
-- the interval of credit that was believed until then.
SELECT t.seq, t.position, t.at, t.effective_at, t.type, t.category, t.summary, COALESCE(t.reason, ''),
  t.user_name, t.user_tenant_id, t.user_role, COALESCE(t.provider_tenant_id, ''), COALESCE(t.reseller_tenant_id, ''),
  COALESCE(t.previous_tenant_id, i.reseller_tenant_id, ''), COALESCE(t.customer_tenant_id, ''), COALESCE(c.company, ''),
  COALESCE(t.subscription_id, ''), COALESCE(t.request_id, ''), COALESCE(t.order_id, ''), COALESCE(t.mpn_id, ''),
  COALESCE(t.previous_mpn_id, i.mpn_id, ''), t.event_id, t.command_id, COALESCE(t.correlation_id, t.command_id), t.stream, t.revision
FROM timeline t
LEFT JOIN customers c ON c.provider_tenant_id = t.provider_tenant_id AND c.customer_tenant_id = t.customer_tenant_id
LEFT JOIN credit_intervals i ON t.type = 'ResellerOfRecordCorrected' AND i.policy = 'keep'
  AND i.provider_tenant_id = t.provider_tenant_id AND i.customer_tenant_id = t.customer_tenant_id AND i.subscription_id = t.subscription_id
  AND i.since <= t.effective_at AND (i.until IS NULL OR i.until > t.effective_at) AND i.known_since < t.at AND i.known_until = t.at
WHERE t.effective_at <= $1 AND t.at <= $2 {where}
