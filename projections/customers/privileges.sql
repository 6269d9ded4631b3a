-- Privileges that were open at $1; whether a grant has expired is judged at $2. A grantee is the
-- provider itself or a reseller, and only a reseller can be without an active partnership.
SELECT g.provider_tenant_id, g.customer_tenant_id, g.grantee_tenant_id, g.kind, g.roles, g.since, g.expires_at, g.granted_by,
  CASE WHEN g.grantee_tenant_id = g.provider_tenant_id OR EXISTS (SELECT 1 FROM partnerships p
         WHERE p.provider_tenant_id = g.provider_tenant_id AND p.reseller_tenant_id = g.grantee_tenant_id
           AND p.since <= $1 AND (p.until IS NULL OR p.until > $1)) THEN 1 ELSE 0 END
FROM customer_privileges g
WHERE g.since <= $1 AND (g.revoked_at IS NULL OR g.revoked_at > $1) AND (g.expires_at IS NULL OR g.expires_at > $2){where}
