-- The resellers of the list at $1.
SELECT p.provider_tenant_id, p.reseller_tenant_id, p.name, p.mpn_id, p.country, p.since, p.request_id,
  CASE
    WHEN EXISTS (SELECT 1 FROM resellers r WHERE r.reseller_tenant_id = p.reseller_tenant_id AND r.deauthorized_at <= $1)
      THEN 'deauthorized'
    WHEN EXISTS (SELECT 1 FROM reseller_suspensions x WHERE x.reseller_tenant_id = p.reseller_tenant_id
                 AND x.since <= $1 AND (x.until IS NULL OR x.until > $1)) THEN 'suspended'
    ELSE 'active'
  END,
  CASE WHEN EXISTS (SELECT 1 FROM partner_agreements x JOIN providers v ON v.region = x.region
                    WHERE v.provider_tenant_id = p.provider_tenant_id AND x.reseller_tenant_id = p.reseller_tenant_id
                    AND x.since <= $1) THEN 1 ELSE 0 END
FROM partnerships p
WHERE p.since <= $1 AND (p.until IS NULL OR p.until > $1){where}
