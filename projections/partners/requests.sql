-- Partnership requests made by $1; whether an unanswered one has expired is judged at $2.
SELECT * FROM (
  SELECT q.provider_tenant_id, q.request_id, q.reseller_email_sealed, q.requested_at, q.requested_by, q.expires_at,
    CASE WHEN q.closed_at <= $1 THEN q.closed_how WHEN q.expires_at <= $2 THEN 'expired' ELSE 'open' END AS state,
    CASE WHEN q.closed_at <= $1 THEN q.closed_at END AS closed_at,
    CASE WHEN q.closed_at <= $1 THEN q.closed_by ELSE '' END AS closed_by,
    CASE WHEN q.closed_at <= $1 THEN COALESCE(q.reseller_tenant_id, '') ELSE '' END AS reseller_tenant_id,
    CASE WHEN q.closed_at <= $1 THEN COALESCE(q.reason, '') ELSE '' END AS reason
  FROM partnership_requests q
  WHERE q.requested_at <= $1
) r
WHERE 1 = 1{where}
