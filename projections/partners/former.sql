-- Resellers that had left the list by $1: the last episode of each pair that has none active then,
-- and how many customers it was still associated with.
SELECT p.provider_tenant_id, p.reseller_tenant_id, p.name, p.mpn_id, p.country, p.since, p.until, p.request_id,
  p.removed_by, COALESCE(p.removal_reason, ''), p.representation_version,
  (SELECT COUNT(*) FROM customer_resellers a
   WHERE a.provider_tenant_id = p.provider_tenant_id AND a.reseller_tenant_id = p.reseller_tenant_id
     AND a.since <= $1 AND (a.until IS NULL OR a.until > $1))
FROM partnerships p
WHERE p.until <= $1
  AND NOT EXISTS (SELECT 1 FROM partnerships n
    WHERE n.provider_tenant_id = p.provider_tenant_id AND n.reseller_tenant_id = p.reseller_tenant_id
      AND n.seq > p.seq AND n.since <= $1){where}
