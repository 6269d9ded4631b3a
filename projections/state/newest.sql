-- The newest instant at which any read model recorded something; -1 for an empty ledger.
SELECT COALESCE(MAX(at), -1) FROM (
  SELECT MAX(registered_at) AS at FROM providers
  UNION ALL SELECT MAX(enrolled_at) FROM resellers
  UNION ALL SELECT MAX(deauthorized_at) FROM resellers
  UNION ALL SELECT MAX(since) FROM reseller_suspensions
  UNION ALL SELECT MAX(until) FROM reseller_suspensions
  UNION ALL SELECT MAX(since) FROM partner_agreements
  UNION ALL SELECT MAX(registered_at) FROM partner_locations
  UNION ALL SELECT MAX(deleted_at) FROM partner_locations
  UNION ALL SELECT MAX(requested_at) FROM partnership_requests
  UNION ALL SELECT MAX(closed_at) FROM partnership_requests
  UNION ALL SELECT MAX(until) FROM partnerships
  UNION ALL SELECT MAX(added_at) FROM customers
  UNION ALL SELECT MAX(forgotten_at) FROM customer_forgettings
  UNION ALL SELECT MAX(since) FROM customer_resellers
  UNION ALL SELECT MAX(until) FROM customer_resellers
  UNION ALL SELECT MAX(since) FROM customer_privileges
  UNION ALL SELECT MAX(revoked_at) FROM customer_privileges
  UNION ALL SELECT MAX(since) FROM subscription_steps
  UNION ALL SELECT MAX(since) FROM support_contacts
  UNION ALL SELECT MAX(recorded_at) FROM credit_facts
) everything
